"""Stage package: all that a release of a model holds, in one folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pandas as pd

from cellarena.cards import reading
from cellarena.evaluation.coverage import read_statuses
from cellarena.evaluation.scores import SCORES
from cellarena.records import Run, read_manifest
from cellarena.registry.packages.packing import score_lines
from cellarena.shell.left_out import leave_out
from cellarena.shell.packing import Packed, fill
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder, run_arguments
from cellarena.status.pipeline import read_pipeline
from cellarena.status.staleness import refuse_stale_here

_CHECKPOINT = ("model.json", "model.safetensors")


@click.command()
@run_arguments
@click.pass_obj
@fixed_threads
def package(project: Project, run: Run) -> None:
    """Pack a run's checkpoint with its score, its licence, its model card and crops to prove it by."""
    layout = project.layout
    ensemble = run.model in project.grid.ensembles
    if ensemble and (why := project.grid.ensembles_left_out.get(run.model)):
        leave_out(f"package of {run}", why, [layout.package(run.model)])
        return
    _refuse_stale(project, run)
    learnt = layout.subset("train")
    source = ", ".join(sorted({record.source for record in read_manifest(learnt)}))
    with fresh_folder(layout.package(run.model)) as folder:
        checkpoint = layout.ensemble(run) if ensemble else layout.checkpoint(run)
        cards = list(_copy_checkpoint(checkpoint, layout.packed_checkpoint(folder, run)))
        fill(project, Packed(run, cards, _lines(project, run), {run.arm: learnt}, source), folder)


def _refuse_stale(project: Project, run: Run) -> None:
    """Whatever is packed says that it was made of what is here."""
    pipeline = read_pipeline(project.layout.root)
    maker = pipeline.makers.get(project.layout.package(run.model))
    upstream = pipeline.facts[maker].upstream if maker else ()
    packed = [path for path, stage in pipeline.makers.items() if stage in upstream]
    refuse_stale_here(pipeline, packed)


def _copy_checkpoint(source: Path, target: Path) -> Iterator[dict[str, Any]]:
    """Copy what it takes to load a checkpoint, the members of an ensemble too, and yield their cards."""
    target.mkdir(parents=True)
    for name in _CHECKPOINT:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)
    with reading(target / "model.json") as card:
        yield card
    for member in sorted(path.name for path in source.iterdir() if path.is_dir()):
        yield from _copy_checkpoint(source / member, target / member)


def _lines(project: Project, run: Run) -> pd.DataFrame:
    layout = project.layout
    cells = read_statuses(layout.cells(run))
    if cells is None:
        raise FileNotFoundError(f"{layout.cells(run)}: {run} was not scored; run `dvc repro`")
    return score_lines(SCORES.read(layout.scores(run)), cells, read_manifest(layout.subset("test")))
