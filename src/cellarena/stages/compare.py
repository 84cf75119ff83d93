"""Stage compare: all runs side by side, as one metrics file, wide tables and figures."""

import json
from pathlib import Path

import click
import pandas as pd
from rich.console import Console

from cellarena.evaluation.costs import read_prediction_costs, read_training_costs
from cellarena.evaluation.mixed_model import mixed_model
from cellarena.evaluation.rank_tests import rank_table
from cellarena.evaluation.scores import read_scores
from cellarena.evaluation.statistics import intervals, pairwise
from cellarena.evaluation.summary import (
    Tables,
    costs_by_row,
    f1_over_thresholds,
    headlines,
    leaderboard,
    per_image,
    row_name,
    summarize,
    trial_table,
)
from cellarena.evaluation.trials import trials_of
from cellarena.images.io import read_image, write_bytes
from cellarena.records import Record, read_manifest
from cellarena.reporting.assemble import examples_of
from cellarena.reporting.figures.curves import seed_dots, threshold_curves
from cellarena.reporting.figures.examples import example_figure
from cellarena.reporting.figures.statistics import interval_dots, rank_diagram, verdict_matrix
from cellarena.reporting.figures.style import save
from cellarena.reporting.figures.training import training_curves
from cellarena.reporting.logs import by_model, by_run, read_curve
from cellarena.reporting.matched import matched_prediction
from cellarena.stages._predictions import read_prediction
from cellarena.stages._project import Project
from cellarena.stages._shell import fresh_folder


@click.command()
@click.pass_obj
def compare(project: Project) -> None:
    """Summarise every run of the grid and the classical floor; draw curves and example images."""
    layout, params = project.layout, project.params
    records = read_manifest(layout.subset("test"))
    tables = [(run, read_scores(layout.scores(run))) for run in params.scored_runs]
    summary = summarize(tables, records)
    with fresh_folder(layout.curves) as curves, fresh_folder(layout.figures) as figures:
        _write_curves(project, tables, curves, figures)
        _draw_examples(project, tables, records, figures / "examples")
        board = leaderboard(summary).merge(_compare_rows(project, tables, figures), on=["model", "arm"], how="left")
        board = board.merge(_costs(project, tables), on=["model", "arm"], how="left")
        _write(board, layout.benchmark)
        content = json.dumps(headlines(summary), indent=2, sort_keys=True, allow_nan=False) + "\n"
        write_bytes(content.encode(), layout.summary)
    shown = board[["model", "arm", "n_seeds", "f1", "f1_median", "failed", "seconds_per_megapixel", "time_tolerance"]]
    Console().print(shown.to_string(index=False))


def _costs(project: Project, tables: Tables) -> pd.DataFrame:
    layout = project.layout
    return costs_by_row({
        run: (read_training_costs(layout.training_costs(run)), read_prediction_costs(layout.prediction_costs(run)))
        for run, _ in tables
    })  # fmt: skip


def _compare_rows(project: Project, tables: Tables, figures: Path) -> pd.DataFrame:
    """Write and draw which rows differ; return model, arm and the intervals of F1 for the leaderboard."""
    layout, settings = project.layout, project.params.compare
    trials = trials_of(trial_table(tables), [row_name(project.params.floor_run)])
    pairs, found = pairwise(trials, settings), intervals(trials, settings)
    ranks = rank_table(trials, settings.confidence)
    _write(pairs, layout.pairwise)
    _write(ranks, layout.ranks)
    _write(mixed_model(trials), layout.mixed_model)
    names = {row_name(run): {"model": run.model, "arm": run.arm} for run, _ in tables}
    grid = list(names)
    seeds = pd.DataFrame([(row.row, value) for row in trials for value in row.by_seed], columns=["row", "value"])
    drawn = interval_dots(found, seeds, grid, settings.confidence, "F1 at IoU 0.5, test subset")
    save(drawn, figures / "intervals.png")
    save(verdict_matrix(pairs, "F1 at IoU 0.5: each row against each other"), figures / "verdicts.png")
    save(rank_diagram(ranks, grid, "Mean rank by F1 at IoU 0.5 over the test images"), figures / "ranks.png")
    columns = {"low": "f1_low", "high": "f1_high", "images_low": "f1_images_low", "images_high": "f1_images_high"}
    rows = pd.DataFrame([names[row] for row in found["row"]])
    return rows.join(found.rename(columns=columns)[[*columns.values(), "noise_floor"]])


def _write_curves(project: Project, tables: Tables, curves: Path, figures: Path) -> None:
    benchmark = project.params.benchmark
    thresholds = f1_over_thresholds(tables, "real")
    _write(thresholds[["threshold", *benchmark.models]], curves / "f1_over_thresholds.csv")
    _write(thresholds[["threshold", *benchmark.ensembles]], curves / "ensembles_f1_over_thresholds.csv")
    _write(thresholds[["threshold", benchmark.floor]], curves / "floor_f1_over_thresholds.csv")
    logs = {
        metric: {run: read_curve(project.layout.log(run), metric) for run in project.params.runs}
        for metric in ("val/f1", "train/loss")
    }
    _write(by_model(logs["val/f1"], benchmark.models), curves / "validation_f1.csv")
    _write(by_model(logs["train/loss"], benchmark.models), curves / "training_loss.csv")
    # In the order of the grid, so that a model has one colour in all figures.
    rows = list(dict.fromkeys(run.model for run, _ in tables))
    drawn = threshold_curves(thresholds[["threshold", *rows]], "F1 over IoU thresholds, test subset")
    save(drawn, figures / "f1_over_thresholds.png")
    drawn = training_curves(by_run(logs["val/f1"]), by_run(logs["train/loss"]), "Training")
    save(drawn, figures / "training.png")
    seeds = [(run.model, run.seed, _ranking_f1(scores)) for run, scores in tables]
    dots = pd.DataFrame(seeds, columns=["model", "seed", "f1"])
    save(seed_dots(dots, "F1 at IoU 0.5 by seed, test subset"), figures / "seeds.png")


def _ranking_f1(scores: pd.DataFrame) -> float:
    return float(scores.loc[(scores["metric"] == "f1") & (scores["threshold"] == 0.5), "value"].mean())


def _write(table: pd.DataFrame, path: Path) -> None:
    write_bytes(table.to_csv(index=False, float_format="%.6g", lineterminator="\n").encode(), path)


def _draw_examples(project: Project, tables: Tables, records: list[Record], folder: Path) -> None:
    """Draw the chosen test images with the first seed of every row and the floor; leave out what cannot be read."""
    params = project.params
    first = params.benchmark.seeds[0]
    shown = [run for run in (*params.runs, *params.ensemble_runs) if run.seed == first] + [params.floor_run]
    for example in examples_of(per_image(tables, "real"), records, params.benchmark.models):
        record = example.record
        try:
            image, true = (read_image(project.layout.preprocessed / path) for path in (record.image, record.labels))
        except ValueError as error:
            click.echo(f"{record.id}: not shown as an example ({error})", err=True)
            continue
        found = [matched_prediction(run.model, true, read_prediction(project, run, record.id)) for run in shown]
        save(example_figure(image, true, found, f"{example.why}: {record.id}"), folder / f"{example.name}.png")
