"""What is known of the runs, the generators and the arms of a project, put together."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cellarena.records import Run
from cellarena.registry.requirements import installed_otherwise
from cellarena.shell.predictions import read_failures
from cellarena.shell.project import Project
from cellarena.shell.running import unfinished
from cellarena.shell.settings import chosen_budget
from cellarena.status.overview import Overview, Progress, Row, StepStatus
from cellarena.status.pipeline import Pipeline, read_pipeline
from cellarena.status.states import StageFacts, Status, statuses

_FINGERPRINT = "[0-9a-f]" * 16


def overview_of(project: Project) -> Overview:
    """Return the state of every run of both grids, of the generators and of the arms.

    Raises:
        ValueError: if params.yaml or the pipeline cannot be read.
    """
    layout, asked = project.layout, project.grid
    grids = {"benchmark": asked.rows, "study": asked.compared_runs}
    runs = list(dict.fromkeys(run for grid in grids.values() for run in grid))
    generators = asked.asked_generators
    pipeline = read_pipeline(layout.root)
    by_stage = statuses(_with_remains(project, pipeline, runs, generators))
    found = {path: by_stage[name] for path, name in pipeline.makers.items()}
    lock = layout.requirements
    return Overview(
        [_run_row(project, run, [name for name, grid in grids.items() if run in grid], found) for run in runs],
        [
            Row(name, _cells({"fit": layout.generator(name), "synthesize": layout.synthetic(name)}, found))
            for name in generators
        ],
        [Row(name, _cells({"compose": layout.arm(name)}, found)) for name in asked.study.arms],
        {path.as_posix(): stage for path, stage in pipeline.altered.items()},
        list(map(str, installed_otherwise(lock.read_text(encoding="utf-8")))) if lock.is_file() else [],
    )


def _with_remains(
    project: Project, pipeline: Pipeline, runs: Sequence[Run], generators: Sequence[str]
) -> dict[str, StageFacts]:
    """Return what is known of the stages, with what those that ended early or in part left behind."""
    layout, facts = project.layout, dict(pipeline.facts)
    states = {layout.checkpoint(run): layout.resume(run, "any").parent for run in runs}
    states |= {layout.generator(name): layout.generator_state(name, "any").parent for name in generators}
    for path, name in pipeline.makers.items():
        begun = path in states and any(states[path].glob(_FINGERPRINT))
        if begun or unfinished(path).is_dir():
            facts[name] = replace(facts[name], remains=True)
    for run in runs:
        if (name := pipeline.makers.get(layout.predictions(run), "")) and layout.failures(run).is_file():
            facts[name] = replace(facts[name], n_failed=len(read_failures(layout, run)))
    return facts


def _run_row(project: Project, run: Run, grids: Sequence[str], found: Mapping[Path, Status]) -> Row:
    layout = project.layout
    trained = layout.ensemble(run) if run in project.grid.ensemble_runs else layout.checkpoint(run)
    paths = {"train": trained, "predict": layout.predictions(run), "evaluate": layout.scores(run)}
    cells = _cells(paths, found)
    if cells[:1] and cells[0].step == "train" and cells[0].status.state in {"running", "interrupted"}:
        cells[0] = replace(cells[0], progress=_progress(project, run))
    return Row(str(run), cells, grids, run)


def _cells(paths: Mapping[str, Path], found: Mapping[Path, Status]) -> list[StepStatus]:
    """Return the cells of a row; a step whose output no stage makes, alone or in a folder of several, is none."""
    makers = {step: next((p for p in (path, *path.parents) if p in found), None) for step, path in paths.items()}
    return [StepStatus(step, found[path]) for step, path in makers.items() if path]


def _progress(project: Project, run: Run) -> Progress | None:
    """Return the step of a training's last validation, None if there was none or the log is being written."""
    try:
        step = json.loads((project.layout.log(run) / "metrics.json").read_text(encoding="utf-8"))["step"]
        return Progress(int(step), chosen_budget(project).steps)
    except (OSError, ValueError, KeyError, TypeError):
        return None
