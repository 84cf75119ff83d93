"""Stage compare: all runs side by side, as one metrics file, tables of curves and figures."""

import json
from pathlib import Path
from typing import Any

import click
import pandas as pd

from cellarena.benchmarking.anatomy import compare_errors
from cellarena.benchmarking.calibration import compare_calibrations
from cellarena.benchmarking.coverage import coverage_of
from cellarena.benchmarking.statistics import compare_rows
from cellarena.evaluation.costs import read_prediction_costs, read_training_costs
from cellarena.evaluation.coverage import COVERAGE, coverage_by_run
from cellarena.evaluation.curves import F1_OVER_THRESHOLDS, TRAINING_LOSS, VALIDATION_F1, long_curves
from cellarena.evaluation.leaderboard import BENCHMARK, costs_by_row, leaderboard
from cellarena.evaluation.protocols import STRICT
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.evaluation.summary import Tables, f1_over_thresholds, headlines, per_image, summarize
from cellarena.evaluation.trainings import TRAININGS, trained, training_table, untrained
from cellarena.files import write_bytes
from cellarena.images.io import read_image
from cellarena.records import Record, Run, read_manifest
from cellarena.reporting.figures.curves import threshold_curves
from cellarena.reporting.figures.examples import example_figure
from cellarena.reporting.figures.style import save
from cellarena.reporting.figures.training import training_curves
from cellarena.reporting.logs import by_model, by_run, read_curve
from cellarena.reporting.matched import matched_prediction
from cellarena.reporting.sections.examples import examples_of
from cellarena.shell.annotated import read_ignored
from cellarena.shell.predictions import read_failures, read_prediction
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder

_PRINTED = [
    "model", "arm", "n_covered", "n_expected", "n_seeds", "f1", "f1_median", "failed", "seconds_per_megapixel",
    "time_tolerance",
]  # fmt: skip
_HARD = ["image", "mean_f1", "best_f1", "n_hard", "n_models", "hard_for_all"]


@click.command()
@click.pass_obj
def compare(project: Project) -> None:
    """Put all rows side by side: scores, kinds of errors and calibration; draw curves and example images."""
    layout, grid = project.layout, project.grid
    records = read_manifest(layout.subset("test"))
    tables = [(run, of_protocol(SCORES.read(layout.scores(run)), STRICT)) for run in grid.rows]
    covered = coverage_of(layout, grid.rows, records)
    summary = summarize(tables, records)
    trainings = training_table(_training_row(project, run) for run in grid.runs)
    board = leaderboard(summary, covered)
    with (
        fresh_folder(layout.curves) as curves,
        fresh_folder(layout.figures) as figures,
        fresh_folder(layout.anatomy) as anatomy,
        fresh_folder(layout.anatomy_figures) as error_figures,
        fresh_folder(layout.calibration_figures) as calibration_figures,
    ):
        difficulty = compare_errors(project, anatomy, error_figures)
        compare_calibrations(project, calibration_figures)
        _write_curves(project, tables, curves, figures)
        _draw_examples(project, tables, records, figures / "examples")
        board = board.merge(compare_rows(project, tables, figures), on=["model", "arm"], how="left")
        board = board.merge(_costs(project, tables), on=["model", "arm"], how="left")
        BENCHMARK.write(board, layout.benchmark)
        COVERAGE.write(coverage_by_run(covered), layout.coverage)
        TRAININGS.write(trainings, layout.training)
        content = json.dumps(headlines(summary), indent=2, sort_keys=True, allow_nan=False) + "\n"
        write_bytes(content.encode(), layout.summary)
    click.echo(board[_PRINTED].to_string(index=False))
    click.echo(f"{difficulty['hard_for_all'].sum()} of {len(difficulty)} images are hard for all models")
    click.echo(difficulty[_HARD].head(10).to_string(index=False))


def _costs(project: Project, tables: Tables) -> pd.DataFrame:
    layout = project.layout
    return costs_by_row({
        run: (read_training_costs(layout.training_costs(run)), read_prediction_costs(layout.prediction_costs(run)))
        for run, _ in tables
    })  # fmt: skip


def _training_row(project: Project, run: Run) -> dict[str, Any]:
    from cellarena.cards import reading

    layout = project.layout
    card = layout.checkpoint(run) / "model.json"
    if not card.is_file():
        return untrained(run)
    loss = read_curve(layout.log(run), "train/loss")
    costs = read_training_costs(layout.training_costs(run)), read_prediction_costs(layout.prediction_costs(run))
    with reading(card) as content:
        return trained(run, content, loss, *costs)


def _write_curves(project: Project, tables: Tables, curves: Path, figures: Path) -> None:
    models = project.grid.networks
    # In the order of the grid, so that a model has one colour in all figures.
    rows = list(dict.fromkeys(run.model for run, _ in tables))
    thresholds = f1_over_thresholds(tables, "real")[["threshold", *rows]]
    F1_OVER_THRESHOLDS.write(long_curves(thresholds, "f1"), curves / "f1_over_thresholds.csv")
    logs = {
        metric: {run: read_curve(project.layout.log(run), metric) for run in project.grid.runs}
        for metric in ("val/f1", "train/loss")
    }
    VALIDATION_F1.write(long_curves(by_model(logs["val/f1"], models), "f1"), curves / "validation_f1.csv")
    TRAINING_LOSS.write(long_curves(by_model(logs["train/loss"], models), "loss"), curves / "training_loss.csv")
    drawn = threshold_curves(thresholds, "F1 over IoU thresholds, test subset")
    save(drawn, figures / "f1_over_thresholds.png")
    drawn = training_curves(by_run(logs["val/f1"]), by_run(logs["train/loss"]), "Training")
    save(drawn, figures / "training.png")


def _draw_examples(project: Project, tables: Tables, records: list[Record], folder: Path) -> None:
    """Draw the chosen test images with the first seed of every row and the floor; leave out what cannot be read."""
    layout, grid = project.layout, project.grid
    shown = [run for run in grid.rows if run.seed == grid.seeds[0]]
    failures = {run: read_failures(layout, run) for run in shown}
    for example in examples_of(per_image(tables, "real"), records, grid.networks):
        record = example.record
        try:
            image, true = (read_image(layout.preprocessed / path) for path in (record.image, record.labels))
        except ValueError as error:
            click.echo(f"{record.id}: not shown as an example ({error})", err=True)
            continue
        ignored = read_ignored(layout.preprocessed, record)
        preds = {run: read_prediction(layout, run, record, true, ignored, failures[run]).labels for run in shown}
        found = [matched_prediction(run.model, true, pred) for run, pred in preds.items()]
        save(example_figure(image, true, found, f"{example.why}: {record.id}"), folder / f"{example.name}.png")
