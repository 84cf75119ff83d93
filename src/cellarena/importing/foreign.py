"""A foreign checkpoint as the command import-checkpoint makes it one of this project."""

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml
from pydantic import ValidationError

from cellarena.datasets.preparation import Preparation
from cellarena.evaluation.coverage import ImageStatus, status_of
from cellarena.evaluation.scores import score_image, score_table
from cellarena.evaluation.unannotated import judgeable
from cellarena.images.io import file_sha256, read_image
from cellarena.layout import Layout
from cellarena.learning.recipe import Inference, Training, device_of
from cellarena.models.planning.plans import read_plan
from cellarena.models.spec import MODELS, Hyperparameters
from cellarena.records import Run, read_manifest
from cellarena.registry.packages.packing import PACKED_SCORES, score_lines
from cellarena.registry.packages.proof import proving_segmenter
from cellarena.shell.annotated import annotated, read_ignored
from cellarena.shell.project import Project
from cellarena.shell.running import progress
from cellarena.shell.settings import hyperparameters_of, target_of

if TYPE_CHECKING:
    from torch import nn

    from cellarena.registry.foreign.weights import ForeignWeights
    from cellarena.targets.spec import Target

_LIBRARIES = ("torch", "monai", "lightning", "numpy")


def foreign_hyperparameters(project: Project, model: str, path: Path | None) -> Hyperparameters:
    """Return a model's block of params.yaml with what a YAML file changes in it, completed by the plan if need be.

    Raises:
        ValueError: if there is no such model, or the file is no YAML or holds a wrong value.
        FileNotFoundError: if there is no such file, or no plan where the model needs one.
    """
    declared = hyperparameters_of(project, model)
    changed = _read_mapping(path) if path else {}
    try:
        chosen = type(declared).model_validate({**declared.model_dump(), **changed})
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(str(part) for part in fault["loc"]) or "content"
        raise ValueError(f"{path}: {where}: {fault['msg'].removeprefix('Value error, ')}") from error
    if MODELS[model].planned and "plan" not in changed:
        return chosen.planned(read_plan(project.layout.plan(model)))  # type: ignore[attr-defined,no-any-return]
    return chosen


def read_foreign_model(
    path: Path, key: str | None, model: str, hyperparameters: Hyperparameters, target: "Target"
) -> "ForeignWeights":
    """Return the weights in a file that fit the network which these hyperparameters build; see `read_foreign`."""
    import torch

    from cellarena.learning.checkpoints import build_network
    from cellarena.registry.foreign.weights import read_foreign

    with torch.device("meta"):
        outline = build_network(model, hyperparameters, target)
    return read_foreign(path, outline, key)


def tuned_target(
    project: Project, model: str, hyperparameters: Hyperparameters, foreign: "ForeignWeights"
) -> "tuple[Target, float | None]":
    """Return the target as it decodes these weights best on the validation subset, and the score that it reaches.

    Without a validation subset, in a project whose pipeline did not run, it is that of params.yaml, and no score.
    """
    from cellarena.learning.checkpoints import build_network
    from cellarena.learning.predict import Network, Tiles
    from cellarena.learning.tuning import tuned

    layout, target = project.layout, target_of(project, model)
    if not layout.subset("val").is_file():
        return target, None
    network: nn.Module = build_network(model, hyperparameters, target)
    network.load_state_dict(foreign.tensors)
    network.eval().to(device_of(project.read(Training, "training").accelerator))
    images = annotated(layout.preprocessed, read_manifest(layout.subset("val")))
    return tuned(
        Network(network, target, Tiles.of(hyperparameters, project.read(Inference, "predict").of_one_view)), images
    )


def foreign_card(
    project: Project, run: Run, model: str, hyperparameters: Hyperparameters, decoding: "tuple[Target, float | None]",
    origin: dict[str, str],
) -> dict[str, Any]:  # fmt: skip
    """Return the content of an imported model's model.json: that of a trained one, with an origin for a training."""
    target, score = decoding
    return {
        "run": str(run),
        "model": model,
        "hyperparameters": hyperparameters.model_dump(mode="json"),
        "target": MODELS[model].target,
        "decoding": target.model_dump(mode="json"),
        "normalisation": project.read(Preparation, "preprocess").model_dump(mode="json"),
        "inference": project.read(Inference, "predict").of_one_view.model_dump(mode="json"),
        "origin": origin,
        "validation": {} if score is None else {"f1_tuned": round(score, 6)},
        "libraries": {name: version(name) for name in _LIBRARIES},
    }


def foreign_lines(layout: Layout, run: Run, folder: Path) -> pd.DataFrame:
    """Return F1 of every test image by the checkpoint in a package, as `packing.score_lines`; none without a subset."""
    from cellarena.learning.predict import segment

    if not layout.subset("test").is_file():
        return pd.DataFrame([], columns=PACKED_SCORES.names)
    _, segmenter = proving_segmenter(layout.packed_checkpoint(folder, run))
    records, cells, scores = read_manifest(layout.subset("test")), [], {}
    for record in progress(records, f"scoring {run}", len(records)):
        true = read_image(layout.preprocessed / record.labels)
        pred = segment(segmenter, read_image(layout.preprocessed / record.image))
        pred = judgeable(true, pred, read_ignored(layout.preprocessed, record))
        status, note = status_of(true, pred)
        cells.append(ImageStatus(record.id, status, file_sha256(layout.preprocessed / record.labels), "", note))
        scores[record.id] = score_image(true, pred, [0.5], ["strict"])
    return score_lines(score_table(scores, run), cells, records)


def _read_mapping(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file of hyperparameters")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"{path}: not valid YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise ValueError(f"{path}: holds no mapping of hyperparameters, such as `width: 32`")
    return content
