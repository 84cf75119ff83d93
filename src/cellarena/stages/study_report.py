"""Stage study-report: the augmentation study as people read it, in the formats of the report."""

from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import click
import pandas as pd

from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.quality.measures import MEASURED
from cellarena.evaluation.study import STUDY, STUDY_BY_MODALITY
from cellarena.learning.recipe import Budget
from cellarena.records import REAL, Record, read_manifest
from cellarena.reporting.document import Document, Illustration, Section
from cellarena.reporting.provenance import sourced
from cellarena.reporting.sections.study import (
    answer_section,
    comparisons_section,
    curves_section,
    dose_section,
    limits_section,
    no_study_section,
    parts_section,
)
from cellarena.reporting.sections.synthesis import synthesis_section
from cellarena.reporting.sections.visuals import FIGURES, visuals_section
from cellarena.shell.project import Project
from cellarena.stages._rendering import illustration, write_report
from cellarena.synthesis.settings import Source


@click.command()
@click.pass_obj
def study_report(project: Project) -> None:
    """Render the report of the study from its numbers and figures."""
    layout = project.layout
    test = read_manifest(layout.subset("test"))
    sections = _sections(project, test) if project.grid.studied else [no_study_section()]
    document = Document("Augmentation study", _facts(project, test), sections)
    write_report(document, {suffix: layout.study_report(suffix) for suffix in ("md", "txt", "pdf", "html")})


def _sections(project: Project, test: Sequence[Record]) -> list[Section]:
    layout, settings = project.layout, project.read(Comparing, "compare")
    whole = STUDY.read(layout.study)
    by_modality = STUDY_BY_MODALITY.read(layout.study_by_modality)
    source = _source(project)
    doses = _of_models(project, "dose_response", "Dose response of {}", "Hollow points are seeds; black is R.")
    forest = _of_models(project, "differences", "Differences of {}", "Right of 0 the arm is better than its reference.")
    parts = _of_models(project, "modalities", "Differences of {} by modality", "All modalities have one scale.")
    return [
        answer_section(whole, settings.smallest_effect),
        sourced(dose_section(whole, doses), source),
        sourced(comparisons_section(whole, forest, settings.smallest_effect, settings.confidence), source),
        sourced(parts_section(by_modality, parts), source),
        _synthetic(project),
        sourced(curves_section(_curves(project)), source),
        limits_section(len(project.grid.seeds), len(test)),
        _visuals(project),
    ]


def _source(project: Project) -> str:
    """Return protocol and runs; the grid is whole, so that its sides say which they are."""
    grid = project.grid
    sides = {"models": grid.studied, "arms": [REAL, *grid.study.arms], "seeds": map(str, grid.seeds)}
    return f"{STRICT}; " + "; ".join(f"{name} {', '.join(entries)}" for name, entries in sides.items())


def _of_models(project: Project, name: str, title: str, caption: str) -> list[Illustration]:
    folder = project.layout.study_figures
    return [
        illustration(project, folder / f"{name}_{model}.png", title.format(model), caption)
        for model in project.grid.studied
    ]


def _curves(project: Project) -> list[Illustration]:
    told = "Mean over test images and seeds; higher thresholds ask for more."
    validation = "On whole validation images, which are real for every arm; mean of the seeds."
    return [
        *_of_models(project, "f1_over_thresholds", "F1 of {} over IoU thresholds", told),
        *_of_models(project, "validation_f1", "Validation score of {} during training", validation),
    ]


def _synthetic(project: Project) -> Section:
    """Return the quality of every generator's images; how they look beside real ones, and looked during the fit."""
    layout = project.layout
    measures: dict[str, pd.DataFrame] = {}
    figures: list[Illustration] = []
    for name in project.grid.asked_generators:
        measures[name] = MEASURED.read(layout.quality(name) / "measures.csv")
        told = {
            layout.quality_plots(name): "Synthetic images and the real ones of train.",
            layout.generator_plots(name): "While the generator was fitted.",
        }
        figures += [
            illustration(project, path, f"{name}: {_words(path)}", caption)
            for folder, caption in told.items()
            for path in sorted(folder.glob("*.png"))
        ]
    return synthesis_section(measures, figures)


def _visuals(project: Project) -> Section:
    folder = project.layout.visuals
    figures = [illustration(project, folder / f"{name}.png", *told) for name, told in FIGURES.items()]
    return visuals_section(figures, project.grid.pictured_run)


def _words(path: Path) -> str:
    return path.stem.replace("_", " ")


def _facts(project: Project, test: Sequence[Record]) -> list[tuple[str, str]]:
    grid, budget, acquired = project.grid, project.read(str, "budget"), project.read(str, "acquire", "source")
    size = project.read(Budget, "budgets", budget)
    arms = [f"{grid.arm(name).label} ({name})" for name in (REAL, *grid.study.arms)]
    sources = project.read(dict[str, Source], "synthesize", "generators")
    made_by = [f"{n} ({sources[n].kind}, fitted to {sources[n].share:.0%} of train)" for n in grid.asked_generators]
    return [
        ("Data", f"{acquired}; licence {', '.join(sorted({r.licence for r in test}))}"),
        ("Test images", f"{len(test)}, real for every arm"),
        ("Models", ", ".join(grid.studied) or "none"),
        ("Arms", ", ".join(arms)),
        ("Generators", ", ".join(made_by) or "none"),
        ("Seeds", ", ".join(map(str, grid.seeds))),
        ("Protocol", f"{STRICT}, F1 at IoU 0.5"),
        ("Budget", f"{budget}: {size.steps} steps of {size.batch_size} crops of {size.crop} px"),
        ("cellarena", version("cellarena")),
    ]
