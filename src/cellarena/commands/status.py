"""Command status: which cells of the run grid are done, running, failed, interrupted, missing or stale."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from cellarena.records import Run
from cellarena.registry.requirements import installed_otherwise
from cellarena.reporting.run_overview import Overview, Progress, Row, StepStatus, as_document, as_json
from cellarena.reporting.run_status import StageFacts, Status, statuses
from cellarena.reporting.text import render_text
from cellarena.shell.predictions import read_failures
from cellarena.shell.project import Project
from cellarena.shell.running import unfinished
from cellarena.status.pipeline import Pipeline, read_pipeline

_FINGERPRINT = "[0-9a-f]" * 16


@click.command()
@click.option("--json", "for_machines", is_flag=True, help="Print JSON for machines.")
@click.pass_obj
def status(project: Project, for_machines: bool) -> None:
    """Show what is done, running, failed, interrupted, missing or stale: runs, generators and arms.

    Results that git keeps and that are not what their stage made are named, and so are installed libraries of other
    versions than requirements.lock pins. Nothing is locked or changed, so that it may be asked while `dvc repro` runs.
    """
    overview = _overview(project)
    if for_machines:
        click.echo(json.dumps(as_json(overview), indent=2))
    else:
        click.echo(render_text(as_document(overview)), nl=False)


def _overview(project: Project) -> Overview:
    params = project.params
    grids = {"benchmark": params.scored_runs, "study": [*params.real_runs, *params.compared_runs]}
    runs = list(dict.fromkeys(run for grid in grids.values() for run in grid))
    generators, arms = params.study.generators, list(dict.fromkeys(["real", *params.study.arms]))
    pipeline = read_pipeline(project.layout.root)
    facts = _with_remains(project, pipeline, runs, generators)
    by_stage = statuses(facts)
    found = {path: by_stage[name] for path, name in pipeline.makers.items()}
    return Overview(
        [_run_row(project, run, [name for name, grid in grids.items() if run in grid], found) for run in runs],
        [_generator_row(project, name, found) for name in generators],
        [Row(name, _cells({"compose": project.layout.arm(name)}, found)) for name in arms],
        {path.as_posix(): pipeline.makers[path] for path in pipeline.altered},
        _other_libraries(project),
    )


def _other_libraries(project: Project) -> list[str]:
    lock = project.layout.requirements
    return list(map(str, installed_otherwise(lock.read_text(encoding="utf-8")))) if lock.is_file() else []


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
            facts[name] = replace(facts[name], n_failed=len(read_failures(project, run)))
    return facts


def _run_row(project: Project, run: Run, grids: Sequence[str], found: Mapping[Path, Status]) -> Row:
    layout = project.layout
    paths = {"train": layout.checkpoint(run), "predict": layout.predictions(run), "evaluate": layout.scores(run)}
    cells = [_with_progress(project, run, cell) for cell in _cells(paths, found)]
    return Row(str(run), cells, grids, run)


def _generator_row(project: Project, name: str, found: Mapping[Path, Status]) -> Row:
    layout = project.layout
    return Row(name, _cells({"fit": layout.generator(name), "synthesize": layout.synthetic(name)}, found))


def _cells(paths: Mapping[str, Path], found: Mapping[Path, Status]) -> list[StepStatus]:
    """Return the cells of a row; a step whose output no stage makes, such as the training of Otsu, is none."""
    return [StepStatus(step, found[path]) for step, path in paths.items() if path in found]


def _with_progress(project: Project, run: Run, cell: StepStatus) -> StepStatus:
    """Return the cell of a training that runs or was interrupted with the step of its last validation."""
    if cell.step != "train" or cell.status.state not in {"running", "interrupted"}:
        return cell
    try:
        step = json.loads((project.layout.log(run) / "metrics.json").read_text(encoding="utf-8"))["step"]
        return replace(cell, progress=Progress(int(step), project.params.chosen_budget.steps))
    except (OSError, ValueError, KeyError, TypeError):
        # No validation yet, or the log is being written at this moment.
        return cell
