"""Stage report: what people read, as Markdown and plain text for git, as PDF, and as one offline HTML file."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import click
import pandas as pd

from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.scores import of_protocol, read_scores
from cellarena.evaluation.summary import per_image
from cellarena.images.io import write_bytes
from cellarena.layout import SUBSETS
from cellarena.records import Record, read_manifest
from cellarena.reporting.document import Document, Illustration, Section
from cellarena.reporting.html import render_html
from cellarena.reporting.markdown import render_markdown
from cellarena.reporting.pdf import render_pdf
from cellarena.reporting.provenance import source_of, sourced
from cellarena.reporting.sections.costs import costs_section
from cellarena.reporting.sections.examples import examples_section
from cellarena.reporting.sections.images import images_section
from cellarena.reporting.sections.leaderboard import leaderboard_section
from cellarena.reporting.sections.leakage import leakage_section
from cellarena.reporting.sections.modalities import modalities_section
from cellarena.reporting.text import render_text
from cellarena.stages._predictions import read_failures
from cellarena.stages._project import Project


@click.command()
@click.pass_obj
def report(project: Project) -> None:
    """Render the report from the comparison's numbers and figures."""
    layout = project.layout
    test = read_manifest(layout.subset("test"))
    document = Document("Cell segmentation benchmark", _facts(project, test), _sections(project, test))
    folder = layout.report.parent
    folder.mkdir(parents=True, exist_ok=True)

    def figure(path: str) -> bytes:
        return (folder / path).read_bytes()

    rendered = {
        layout.report: render_markdown(document).encode(),
        layout.report_text: render_text(document).encode(),
        layout.report_pdf: render_pdf(document, figure),
        layout.report_page: render_html(document, figure).encode(),
    }
    for path, content in rendered.items():
        write_bytes(content, path)


def _sections(project: Project, test: Sequence[Record]) -> list[Section]:
    """Return the parts of the report in their order, each with the runs that its numbers are of."""
    layout, runs = project.layout, project.params.scored_runs
    scores = per_image([(run, of_protocol(read_scores(layout.scores(run)), STRICT)) for run in runs], "real")
    with _named(layout.benchmark):
        summary = pd.read_csv(layout.benchmark)
        leaderboard = leaderboard_section(summary, STRICT, [_seeds(project)])
        modalities = modalities_section(summary, test)
        costs = costs_section(summary, [_training(project)])
    with _named(layout.leakage):
        leakage = leakage_section(json.loads(layout.leakage.read_text(encoding="utf-8")))
    of_scores, of_runs = source_of(STRICT, runs), source_of("measured", runs)
    first = [run for run in runs if run.seed in {project.params.benchmark.seeds[0], project.params.floor_run.seed}]
    return [
        sourced(leaderboard, of_scores),
        sourced(modalities, of_scores),
        sourced(Section("F1 over thresholds", [_thresholds(project)]), of_scores),
        sourced(costs, of_runs),
        sourced(examples_section(list(_examples(project))), source_of(STRICT, first)),
        sourced(images_section(scores, test, _failures(project)), of_scores),
        Section("Data set", list(_sheets(project))),
        leakage,
    ]


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Turn what goes wrong with a file's content into one line that names the file."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())
        raise ValueError(f"{path}: damaged or edited ({why}); run `dvc repro` to make it anew") from error


def _failures(project: Project) -> dict[str, str]:
    """Return by image which runs could not segment it, and why."""
    failures: dict[str, list[str]] = {}
    for run in project.params.scored_runs:
        for image, why in read_failures(project, run):
            failures.setdefault(image, []).append(f"{run}: {why}")
    return {image: "; ".join(reasons) for image, reasons in failures.items()}


def _facts(project: Project, test: Sequence[Record]) -> list[tuple[str, str]]:
    params, budget = project.params, project.params.chosen_budget
    counts = {name: len(read_manifest(project.layout.subset(name))) for name in SUBSETS}
    return [
        ("Data", f"{params.acquire.source}; licence {', '.join(sorted({r.licence for r in test}))}"),
        ("Images", ", ".join(f"{name} {n}" for name, n in counts.items())),
        ("Objects in the test subset", str(sum(r.n_objects for r in test))),
        ("Protocol", f"{STRICT}, ranked by F1 at IoU 0.5"),
        ("Budget", f"{params.budget}: {budget.steps} steps of {budget.batch_size} crops of {budget.crop} px"),
        ("Seeds", ", ".join(map(str, params.benchmark.seeds))),
        ("cellarena", version("cellarena")),
    ]


def _seeds(project: Project) -> Illustration:
    caption = "Every seed is a point; the spread says how far a single training can be trusted."
    return Illustration("F1 by seed", _relative(project, project.layout.figures / "seeds.png"), caption)


def _thresholds(project: Project) -> Illustration:
    caption = "Mean over test images and seeds; higher thresholds ask for more."
    path = _relative(project, project.layout.figures / "f1_over_thresholds.png")
    return Illustration("F1 over thresholds", path, caption)


def _training(project: Project) -> Illustration:
    caption = "Validation score on whole images, and training loss; losses of different networks do not compare."
    return Illustration("Training", _relative(project, project.layout.figures / "training.png"), caption)


def _examples(project: Project) -> Iterator[Illustration]:
    for path in sorted((project.layout.figures / "examples").glob("*.png")):
        caption = "A test image: its annotation, and what each method with its first seed made of it."
        yield Illustration(f"Example: {path.stem.replace('_', ' ')}", _relative(project, path), caption)


def _sheets(project: Project) -> Iterator[Illustration]:
    for path in sorted(project.layout.dataset_plots.glob("*.png")):
        title = f"Data set: {path.stem.replace('_', ' ')}"
        yield Illustration(title, _relative(project, path), "Images as acquired, with their annotated outlines.")


def _relative(project: Project, path: Path) -> str:
    return Path(os.path.relpath(path, project.layout.report.parent)).as_posix()
