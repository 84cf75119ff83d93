"""Whether the study finds a planted harm, and finds nothing where nothing was planted.

    python benchmarks/planted_effects.py [--project .] [--seeds 5] [--steps 250] [--keep FOLDER]

A third of a project's train subset is taken away; the other two thirds are R. What was taken away plays the synthetic
images of these arms, trained and judged by the same commands as any study:
 * null: R and the images that were taken away. They are as real as R's;
 * harm: R and the images that were taken away, their labels shifted by 6 pixels to the right and down;
 * harm alone: these images alone.

The project needs the outputs of its stages preprocess and split, as `make demo` leaves them; it is not changed. The
work is done in a temporary folder, or in FOLDER, which must be empty. Prints the study's sentence for every arm. Exits
1 if the null comes out better or worse, or either harm anything but worse.

A study that is too small for the harm fails here, too. With 250 steps and the 21 test images of the demo, 3 seeds could
not tell the harm (-0.088 F1 [-0.180, 0.004]); with two more it was worse by 0.077 [0.032, 0.125].
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from cellarena.evaluation.tables import read_table

from cellarena.evaluation.study import STUDY_COLUMNS
from cellarena.images.io import LabelImage, content_sha256, read_image, write_labels
from cellarena.layout import SUBSETS, Layout
from cellarena.params.mirror import load_params
from cellarena.records import REAL, Record, Run, read_manifest, write_manifest
from cellarena.synthesis.arms import compose, first_of_each

SHIFT = 6
MODEL = "unet"
ARMS: dict[str, dict[str, Any]] = {
    "real": {"label": "R", "real": 1},
    "null": {"label": "null", "real": 1, "synthetic": 0.5, "generator": "held_out"},
    "harm": {"label": "harm", "real": 1, "synthetic": 0.5, "generator": "shifted"},
    "harm_alone": {"label": "harm alone", "synthetic": 0.5, "generator": "shifted"},
}
EXPECTED = {
    "null": {"equivalent", "cannot tell"},
    "harm": {"worse"},
    "harm_alone": {"worse"},
}


def main() -> None:
    """Plant the effects, run the study and judge its verdicts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--project", type=Path, default=Path(), help="folder of a project that was split")
    parser.add_argument("--seeds", type=int, default=5, help="trainings of each arm")
    parser.add_argument("--steps", type=int, default=250, help="of every training")
    parser.add_argument("--keep", type=Path, help="an empty folder to work in")
    arguments = parser.parse_args()
    if arguments.seeds < 2:
        parser.error("--seeds must be at least 2: one training says nothing of the spread between trainings")
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.keep or Path(scratch)
        if root.exists() and any(root.iterdir()):
            parser.error(f"{root} is not empty")
        layout = plant(Layout(arguments.project.resolve()), root.resolve(), arguments.seeds, arguments.steps)
        run_study(layout)
        sys.exit(judge(layout))


def plant(source: Layout, root: Path, n_seeds: int, steps: int) -> Layout:
    """Make a project of the arms in `root`; images are linked, never copied."""
    layout = Layout(root)
    layout.splits.mkdir(parents=True)
    layout.preprocessed.symlink_to(source.preprocessed, target_is_directory=True)
    declare(source, layout, n_seeds, steps)
    seed = load_params(layout.params).synthesize.seed
    subsets = {name: read_manifest(source.subset(name)) for name in SUBSETS}
    train = subsets["train"]
    taken = first_of_each(train, len(train) // 3, seed)
    subsets["train"] = [record for record in train if record not in taken]
    for name, records in subsets.items():
        write_manifest(records, layout.subset(name))
    synthetic = {"held_out": held_out(layout, taken), "shifted": shifted(layout, taken)}
    real = under_data(layout, layout.preprocessed, subsets["train"])
    layout.arms.mkdir(parents=True)
    arms = load_params(layout.params).arms
    for name, arm in ((name, arm) for name, arm in arms.items() if name != REAL):
        made = under_data(layout, layout.synthetic(arm.generator), synthetic[arm.generator]) if arm.generator else []
        write_manifest(compose(arm, real, made, seed), layout.arm(name))
    return layout


def declare(source: Layout, layout: Layout, n_seeds: int, steps: int) -> None:
    """Write the parameters of the study; none of its generators is fitted."""
    content = yaml.safe_load(source.params.read_text(encoding="utf-8"))
    seeds = list(range(n_seeds))
    content["benchmark"] |= {"models": [MODEL], "ensembles": []}
    content["seeds"] = seeds
    content["budgets"][content["budget"]] |= {"steps": steps, "validate_every": max(1, steps // 2)}
    content["synthesize"]["generators"] = {name: {"kind": "texture", "share": 0.5} for name in ("held_out", "shifted")}
    content["arms"] = ARMS
    content["study"] = {"models": [MODEL], "arms": [name for name in ARMS if name != REAL]}
    layout.params.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def held_out(layout: Layout, taken: Sequence[Record]) -> list[Record]:
    """Lay the images that were taken away where synthetic ones lie, as they are."""
    folder = layout.synthetic("held_out")
    for record in taken:
        for path in (record.image, record.labels):
            link(layout.preprocessed / path, folder / path)
    return list(taken)


def shifted(layout: Layout, taken: Sequence[Record]) -> list[Record]:
    """Lay them there with labels that are 6 pixels off."""
    folder, records = layout.synthetic("shifted"), []
    for record in taken:
        link(layout.preprocessed / record.image, folder / record.image)
        labels = shift(read_image(layout.preprocessed / record.labels))
        (folder / record.labels).parent.mkdir(parents=True, exist_ok=True)
        write_labels(labels, folder / record.labels)
        records.append(replace(record, labels_sha256=content_sha256(labels)))
    return records


def shift(labels: LabelImage) -> LabelImage:
    """Return a label image moved to the right and down; what leaves it is lost, what enters is background."""
    moved = np.zeros_like(labels)
    moved[SHIFT:, SHIFT:] = labels[:-SHIFT, :-SHIFT]
    return moved


def link(target: Path, path: Path) -> None:
    """Make a symbolic link, and the folder that it lies in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target.resolve())


def under_data(layout: Layout, folder: Path, records: Sequence[Record]) -> list[Record]:
    """Return records with paths relative to `data`, as an arm's manifest has them."""
    prefix = folder.relative_to(layout.data).as_posix()
    return [replace(r, image=f"{prefix}/{r.image}", labels=f"{prefix}/{r.labels}") for r in records]


def run_study(layout: Layout) -> None:
    """Train, predict and score every run, then compare; by the commands of the pipeline."""
    cellarena(layout, "plan")
    for run in load_params(layout.params).compared_runs:
        for stage in ("train", "predict"):
            cellarena(layout, stage, *parts(run))
    for stage in ("evaluate", "evaluate-study", "study"):
        cellarena(layout, stage)


def parts(run: Run) -> tuple[str, str, str]:
    """Return a run as it stands on the command line."""
    return run.model, run.arm, str(run.seed)


def cellarena(layout: Layout, *arguments: str) -> None:
    """Run one command to its end; show what it printed only if it failed."""
    print("cellarena", *arguments, file=sys.stderr)
    done = subprocess.run(
        [Path(sys.executable).parent / "cellarena", *arguments],
        cwd=layout.root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        sys.exit(f"cellarena {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")


def judge(layout: Layout) -> int:
    """Print every arm's sentence and whether it was to be expected; return the exit code."""
    table = read_table(layout.study, STUDY_COLUMNS)
    wrong = 0
    for line in table[table["reference"] == "real"].to_dict("records"):
        is_right = line["verdict"] in EXPECTED[line["arm"]]
        wrong += not is_right
        print(f"{'as planted' if is_right else 'NOT AS PLANTED'}: {line['words']}")
    return int(wrong > 0)


if __name__ == "__main__":
    main()
