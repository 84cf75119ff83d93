"""The half of nnunet_plans.py that runs in the environment of nnunetv2: reads cases.json, writes answer.json."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
from nnunetv2.experiment_planning.dataset_fingerprint.fingerprint_extractor import DatasetFingerprintExtractor
from nnunetv2.experiment_planning.experiment_planners.default_experiment_planner import ExperimentPlanner
from PIL import Image

NORMALISATION = {False: "z_score", True: "z_score_nonzero"}


def write_json(content: Any, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def dataset(n_images: int, n_channels: int) -> dict[str, Any]:
    """Return the content of dataset.json."""
    return {
        "channel_names": {str(channel): f"channel{channel}" for channel in range(n_channels)},
        "labels": {"background": 0, "interior": 1, "boundary": 2},
        "numTraining": n_images,
        "file_ending": ".png",
    }


def told(work: Path, name: str, case: dict[str, Any]) -> None:
    """Write a data set of one placeholder image, and the fingerprint that the case stands for."""
    for part in ("imagesTr", "labelsTr"):
        folder = work / "raw" / name / part
        folder.mkdir(parents=True)
        Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / ("c_0000.png" if part == "imagesTr" else "c.png"))
    write_json(dataset(len(case["shapes"]), case["n_channels"]), work / "raw" / name / "dataset.json")
    content = {
        "spacings": [[999, 1, 1]] * len(case["shapes"]),
        "shapes_after_crop": [[1, *shape] for shape in case["shapes"]],
        "foreground_intensity_properties_per_channel": {},
        "median_relative_size_after_cropping": case["relative_size"],
    }
    write_json(content, work / "preprocessed" / name / "dataset_fingerprint.json")


def planned(name: str, memory_gb: float) -> dict[str, Any]:
    """Return what nnunetv2's planner decides for 2-D, in the words of cellarena's Plan."""
    found = ExperimentPlanner(name, gpu_memory_target_in_gb=memory_gb).plan_experiment()["configurations"]["2d"]
    network = found["architecture"]["arch_kwargs"]
    if set(found["normalization_schemes"]) != {"ZScoreNormalization"}:
        sys.exit(f"{name}: unexpected normalisation {found['normalization_schemes']}")
    return {
        "patch": [int(side) for side in found["patch_size"]],
        "batch": int(found["batch_size"]),
        "strides": [[int(step) for step in stage] for stage in network["strides"]],
        "kernels": [[int(side) for side in stage] for stage in network["kernel_sizes"]],
        "features": [int(channels) for channels in network["features_per_stage"]],
        "normalisation": [NORMALISATION[bool(inside)] for inside in found["use_mask_for_norm"]],
    }


def main(work: Path) -> None:
    """Plan every case, then the drawn images from their files."""
    plans = []
    for number, case in enumerate(json.loads((work / "cases.json").read_text()), start=1):
        name = f"Dataset{number:03}_case"
        told(work, name, case)
        plans.append(planned(name, case["memory_gb"]))
    drawn = "Dataset900_drawn"
    write_json(dataset(12, 3), work / "raw" / drawn / "dataset.json")
    found = DatasetFingerprintExtractor(drawn, num_processes=1).run()
    plans.append(planned(drawn, 8))
    answer = {
        "plans": plans,
        "shapes": [[int(side) for side in shape[1:]] for shape in found["shapes_after_crop"]],
        "intensities": list(found["foreground_intensity_properties_per_channel"].values()),
    }
    write_json(answer, work / "answer.json")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
