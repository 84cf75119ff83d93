"""Which rows of the comparison differ: tables, figures and the intervals of the leaderboard."""

from pathlib import Path

import pandas as pd

from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.mixed_model import MIXED_MODEL, mixed_model
from cellarena.evaluation.rank_tests import RANKS, rank_table
from cellarena.evaluation.statistics import INTERVALS, PAIRS, intervals, pairwise
from cellarena.evaluation.summary import Tables, trial_table
from cellarena.evaluation.trials import trials_of
from cellarena.reporting.figures.statistics import interval_dots, rank_diagram, verdict_matrix
from cellarena.reporting.figures.style import save
from cellarena.shell.project import Project

_INTERVALS = {"low": "f1_low", "high": "f1_high", "images_low": "f1_images_low", "images_high": "f1_images_high"}


def compare_rows(project: Project, tables: Tables, figures: Path) -> pd.DataFrame:
    """Write and draw which rows differ; return model, arm and the intervals of F1 for the leaderboard."""
    layout, settings = project.layout, project.read(Comparing, "compare")
    trials = trials_of(trial_table(tables), [run.row for run in project.grid.method_runs])
    pairs, ranks = pairwise(trials, settings), rank_table(trials, settings.confidence)
    found = intervals(trials, settings)
    PAIRS.write(pairs, layout.pairwise)
    RANKS.write(ranks, layout.ranks)
    INTERVALS.write(found, layout.intervals)
    MIXED_MODEL.write(mixed_model(trials), layout.mixed_model)
    names = {run.row: {"model": run.model, "arm": run.arm} for run, _ in tables}
    grid = list(names)
    seeds = pd.DataFrame([(row.row, value) for row in trials for value in row.by_seed], columns=["row", "value"])
    drawn = interval_dots(found, seeds, grid, settings.confidence, "F1 at IoU 0.5, test subset")
    save(drawn, figures / "intervals.png")
    save(verdict_matrix(pairs, "F1 at IoU 0.5: each row against each other"), figures / "verdicts.png")
    save(rank_diagram(ranks, grid, "Mean rank by F1 at IoU 0.5 over the test images"), figures / "ranks.png")
    rows = pd.DataFrame([names[row] for row in found["row"]])
    return rows.join(found.rename(columns=_INTERVALS)[[*_INTERVALS.values(), "noise_floor"]])
