"""Stage report: what people read, as Markdown for git and as one offline HTML file."""

import json
import os
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click
import pandas as pd

from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.scores import of_protocol, read_scores
from cellarena.evaluation.summary import per_image
from cellarena.images.io import write_bytes
from cellarena.layout import SUBSETS
from cellarena.records import Record, Run, read_manifest
from cellarena.reporting.assemble import costs_of, images_of, leaderboard_of, leakage_of, modalities_of
from cellarena.reporting.html import render_html
from cellarena.reporting.markdown import render_markdown
from cellarena.reporting.report import Illustration, Leakage, Report
from cellarena.stages._predictions import read_failures
from cellarena.stages._project import Project

_CAPTIONS = {
    "f1_over_thresholds": (
        "F1 over IoU thresholds",
        "Mean over test images and seeds; higher thresholds ask for more.",
    ),
    "seeds": ("F1 by seed", "Every seed is a point; the spread says how far a single training can be trusted."),
    "training": (
        "Training",
        "Validation score on whole images, and training loss; losses of different networks do not compare.",
    ),
}


@click.command()
@click.pass_obj
def report(project: Project) -> None:
    """Render the report from the comparison's numbers and figures."""
    layout, params = project.layout, project.params
    test = read_manifest(layout.subset("test"))
    summary = _benchmark(layout.benchmark)
    runs = params.scored_runs
    scores = per_image([(run, of_protocol(read_scores(layout.scores(run)), STRICT)) for run in runs], "real")
    content = Report(
        title="Cell segmentation benchmark",
        facts=_facts(project, test),
        leaderboard=leaderboard_of(summary),
        costs=costs_of(summary),
        modalities=modalities_of(summary, test),
        images=images_of(scores, test, _failures(project, runs)),
        leakage=_leakage(layout.leakage),
        figures=list(_figures(project)),
    )
    folder = layout.report.parent
    folder.mkdir(parents=True, exist_ok=True)
    page = render_html(content, lambda path: (folder / path).read_bytes())
    write_bytes(render_markdown(content).encode(), layout.report)
    write_bytes(page.encode(), layout.report_page)


def _benchmark(path: Path) -> pd.DataFrame:
    try:
        summary = pd.read_csv(path)
        leaderboard_of(summary)
        costs_of(summary)
    except (ValueError, KeyError) as error:
        raise ValueError(f"{path}: damaged or edited ({_flat(error)}); run `dvc repro` to make it anew") from error
    return summary


def _leakage(path: Path) -> Leakage:
    try:
        return leakage_of(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: damaged or edited ({_flat(error)}); run `dvc repro` to make it anew") from error


def _flat(error: Exception) -> str:
    return " ".join(str(error).split())


def _failures(project: Project, runs: list[Run]) -> dict[str, str]:
    """Return by image which runs could not segment it, and why."""
    failures: dict[str, list[str]] = {}
    for run in runs:
        for image, why in read_failures(project, run):
            failures.setdefault(image, []).append(f"{run}: {why}")
    return {image: "; ".join(reasons) for image, reasons in failures.items()}


def _facts(project: Project, test: list[Record]) -> list[tuple[str, str]]:
    params, budget = project.params, project.params.chosen_budget
    counts = {name: len(read_manifest(project.layout.subset(name))) for name in SUBSETS}
    return [
        ("Data", f"{params.acquire.source}; licence {', '.join(sorted({r.licence for r in test}))}"),
        ("Images", ", ".join(f"{name} {n}" for name, n in counts.items())),
        ("Objects in the test subset", str(sum(r.n_objects for r in test))),
        ("Budget", f"{params.budget}: {budget.steps} steps of {budget.batch_size} crops of {budget.crop} px"),
        ("Seeds", ", ".join(map(str, params.benchmark.seeds))),
        ("cellarena", version("cellarena")),
    ]


def _figures(project: Project) -> Iterator[Illustration]:
    layout = project.layout
    for name, (title, caption) in _CAPTIONS.items():
        yield Illustration(title, _relative(project, layout.figures / f"{name}.png"), caption)
    for path in sorted((layout.figures / "examples").glob("*.png")):
        caption = "A test image: its annotation, and what each method with its first seed made of it."
        yield Illustration(f"Example: {path.stem.replace('_', ' ')}", _relative(project, path), caption)
    for path in sorted(layout.dataset_plots.glob("*.png")):
        title = f"Data set: {path.stem.replace('_', ' ')}"
        yield Illustration(title, _relative(project, path), "Images as acquired, with their annotated outlines.")


def _relative(project: Project, path: Path) -> str:
    return Path(os.path.relpath(path, project.layout.report.parent)).as_posix()
