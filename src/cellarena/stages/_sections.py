"""The parts of the report in their order, read from what the stages before left."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from cellarena.datasets.describing.tables import INTENSITIES, NEAR_DUPLICATES, SUMMARY
from cellarena.evaluation.calibration.comparison import CALIBRATION
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.errors.comparison import CATEGORY_TOTALS
from cellarena.evaluation.errors.difficulty import DIFFICULTY
from cellarena.evaluation.errors.gains import GAINS
from cellarena.evaluation.errors.strata import STRATA
from cellarena.evaluation.leaderboard import BENCHMARK
from cellarena.evaluation.mixed_model import MIXED_MODEL
from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.rank_tests import RANKS
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.evaluation.statistics import INTERVALS, PAIRS
from cellarena.evaluation.summary import per_image
from cellarena.evaluation.trainings import TRAININGS
from cellarena.records import Record, Run
from cellarena.reporting.document import Illustration, Section
from cellarena.reporting.provenance import source_of, sourced
from cellarena.reporting.sections.calibration import calibration_section
from cellarena.reporting.sections.costs import costs_section
from cellarena.reporting.sections.data_set import data_set_section
from cellarena.reporting.sections.errors import errors_section
from cellarena.reporting.sections.examples import examples_section
from cellarena.reporting.sections.images import images_section
from cellarena.reporting.sections.leaderboard import leaderboard_section
from cellarena.reporting.sections.leakage import leakage_section
from cellarena.reporting.sections.modalities import modalities_section
from cellarena.reporting.sections.statistics import statistics_section
from cellarena.reporting.sections.training import training_section
from cellarena.reporting.sections.visuals import FIGURES as VISUALS
from cellarena.reporting.sections.visuals import visuals_section
from cellarena.shell.predictions import read_failures
from cellarena.shell.project import Project
from cellarena.stages._rendering import illustration

_COMPARISON = {
    "verdicts": ("Verdicts", "Read along the row: is it better or worse than the column?"),
    "ranks": ("Mean ranks", "Rows that a bar joins cannot be told apart by their ranks (Nemenyi's test)."),
}
_ANATOMY = {
    "categories": ("What became of the objects", "Share of the annotated objects, mean of the seeds."),
    "gains": ("Gain in mean F1 if one kind of error were fixed", "The gains of all kinds do not add up."),
    "recall_by_size": ("Recall by size", "Classes of size are those of the train subset."),
    "recall_by_contrast": ("Recall by contrast", "Contrast is the distance of object and surroundings in deviations."),
    "recall_by_size_and_neighbour": ("Recall by size and nearest neighbour", "Grey where no object is."),
}
_CALIBRATION = {
    "reliability_all": ("Reliability of all pixels", "On the diagonal a probability means what it says."),
    "reliability_boundary": ("Reliability at boundaries", "Pixels within 3 px of an annotated boundary."),
    "reliability_objects": ("Reliability of objects", "How often an object of some confidence is a match."),
    "risk_coverage": ("Risk over coverage", "Share of wrong objects among the most confident ones."),
}
_DATA_SET = {
    "cells": ("Cells", "Cells per image, and their areas, by modality."),
    "sizes": ("Image sizes", "The larger a mark, the more images."),
    "intensities": ("Intensities", "As acquired, channel by channel."),
    "classes": ("Classes of pixels", "Background, interior and boundary, by modality."),
}


def sections_of(project: Project, test: Sequence[Record]) -> list[Section]:
    """Return the report's sections, each with the protocol and the runs that its numbers are of.

    Raises:
        FileNotFoundError: if a stage before was not run.
        ValueError: if what it left is damaged; the message names the file.
    """
    layout, grid, runs = project.layout, project.grid, project.grid.rows
    predicting = [*grid.runs, *grid.ensemble_runs]
    first = [run for run in runs if run.seed == grid.seeds[0]]
    of_scores = source_of(STRICT, runs)
    return [
        *_of_benchmark(project, test, of_scores),
        sourced(_errors(project, first), of_scores),
        sourced(_calibration(project), source_of(STRICT, predicting)),
        sourced(_examples(project), source_of(STRICT, first)),
        sourced(_images(project, test), of_scores),
        _data_set(project),
        _leakage(project),
        visuals_section(_figures(project, layout.visuals, VISUALS), grid.pictured_run),
    ]


def _of_benchmark(project: Project, test: Sequence[Record], of_scores: str) -> list[Section]:
    layout, grid = project.layout, project.grid
    figures, measured = layout.figures, source_of("measured", grid.rows)
    thresholds = illustration(
        project, figures / "f1_over_thresholds.png", "F1 over IoU thresholds",
        "Mean over test images and seeds; higher thresholds ask for more.",
    )  # fmt: skip
    intervals = illustration(
        project, figures / "intervals.png", "Intervals of mean F1",
        "Points are seeds; the band is how far two seeds of one model differ.",
    )  # fmt: skip
    curves = illustration(
        project, figures / "training.png", "Training",
        "Validation score on whole images, and training loss; losses of different networks do not compare.",
    )  # fmt: skip
    summary = BENCHMARK.read(layout.benchmark)
    training = training_section(TRAININGS.read(layout.training), [curves])
    return [
        sourced(leaderboard_section(summary, STRICT, [intervals]), of_scores),
        sourced(_statistics(project), of_scores),
        sourced(modalities_section(summary, test), of_scores),
        sourced(Section("F1 over thresholds", [thresholds]), of_scores),
        sourced(training, source_of("measured", grid.runs)),
        sourced(costs_section(summary), measured),
    ]


def _statistics(project: Project) -> Section:
    layout, settings = project.layout, project.read(Comparing, "compare")
    figures = _figures(project, layout.figures, _COMPARISON)
    return statistics_section(
        PAIRS.read(layout.pairwise),
        RANKS.read(layout.ranks),
        INTERVALS.read(layout.intervals),
        MIXED_MODEL.read(layout.mixed_model),
        figures,
        settings.smallest_effect,
        settings.confidence,
    )


def _errors(project: Project, first: Sequence[Run]) -> Section:
    layout = project.layout
    galleries = [
        illustration(
            project, layout.gallery(run), f"Worst errors of {run}", "The annotation's outline and the prediction's."
        )
        for run in first
    ]
    return errors_section(
        CATEGORY_TOTALS.read(layout.anatomy / "categories.csv"),
        GAINS.read(layout.anatomy / "gains.csv"),
        STRATA.read(layout.anatomy / "strata.csv"),
        DIFFICULTY.read(layout.anatomy / "difficulty.csv"),
        [*_figures(project, layout.anatomy_figures, _ANATOMY), *galleries],
    )


def _calibration(project: Project) -> Section:
    layout = project.layout
    figures = _figures(project, layout.calibration_figures, _CALIBRATION)
    return calibration_section(CALIBRATION.read(layout.calibrations), figures)


def _examples(project: Project) -> Section:
    caption = "A test image: its annotation, and what each method with its first seed made of it."
    paths = sorted((project.layout.figures / "examples").glob("*.png"))
    return examples_section([illustration(project, path, f"Example: {_words(path)}", caption) for path in paths])


def _images(project: Project, test: Sequence[Record]) -> Section:
    layout, runs = project.layout, project.grid.rows
    scores = per_image([(run, of_protocol(SCORES.read(layout.scores(run)), STRICT)) for run in runs], "real")
    failures: dict[str, list[str]] = {}
    for run in runs:
        for image, why in read_failures(layout, run).items():
            failures.setdefault(image, []).append(f"{run}: {why}")
    return images_section(scores, test, {image: "; ".join(reasons) for image, reasons in failures.items()})


def _data_set(project: Project) -> Section:
    layout = project.layout
    caption = "Images as acquired, with their annotated outlines."
    sheets = [
        illustration(project, path, f"Contact sheet: {_words(path)}", caption)
        for path in sorted(layout.dataset_plots.glob("*.png"))
    ]
    figures = _figures(project, layout.dataset_figures, _DATA_SET)
    return data_set_section(
        SUMMARY.read(layout.dataset_table("summary")),
        INTENSITIES.read(layout.dataset_table("intensities")),
        NEAR_DUPLICATES.read(layout.dataset_table("near_duplicates")),
        figures,
        sheets,
    )


def _leakage(project: Project) -> Section:
    path = project.layout.leakage
    try:
        return leakage_section(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        why = " ".join(str(error).split())
        raise ValueError(f"{path}: damaged or edited ({why}); run `dvc repro` to make it anew") from error


def _figures(project: Project, folder: Path, told: Mapping[str, tuple[str, str]]) -> list[Illustration]:
    return [illustration(project, folder / f"{name}.png", *words) for name, words in told.items()]


def _words(path: Path) -> str:
    return path.stem.replace("_", " ")
