"""The errors of all rows side by side, and the images that are hard for all models."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from cellarena.evaluation.errors.analysis import OBJECTS, Analysis
from cellarena.evaluation.errors.comparison import CATEGORY_TOTALS, category_totals, mean_of_seeds
from cellarena.evaluation.errors.difficulty import DIFFICULTY, difficulty
from cellarena.evaluation.errors.gains import COUNTS, GAINS, OVERALL
from cellarena.evaluation.errors.strata import BOUNDS, CONTRAST, DIAMETER, GRID, STRATA, recall_grid
from cellarena.records import Run
from cellarena.reporting.figures.errors import category_bars, gain_table, recall_by_stratum, recall_grids
from cellarena.reporting.figures.style import save
from cellarena.shell.project import Project
from cellarena.tables import Schema

_SCHEMAS = {"categories": CATEGORY_TOTALS, "gains": GAINS, "strata": STRATA, "grid": GRID, "difficulty": DIFFICULTY}


def compare_errors(project: Project, folder: Path, figures: Path) -> pd.DataFrame:
    """Write and draw the kinds of errors of all rows, what each costs and where; return how hard each image is."""
    grid = project.grid
    runs = grid.rows
    counts = _of_all(project, runs, "counts", COUNTS)
    f1 = {run: counts[counts["run"] == str(run)].set_index("image")["f1"] for run in runs}
    learned = list(dict.fromkeys(run.model for run in (*grid.runs, *grid.ensemble_runs)))
    tables = {
        "categories": category_totals(counts),
        "gains": _of_all(project, runs, "gains", GAINS),
        "strata": _of_all(project, runs, "strata", STRATA),
        "grid": _grids(project, runs, counts),
        "difficulty": difficulty(f1, learned, project.read(float, "analyze", "hard")),
    }
    for name, schema in _SCHEMAS.items():
        schema.write(tables[name], folder / f"{name}.csv")
    _draw(tables, runs, figures)
    return tables["difficulty"]


def _of_all(project: Project, runs: Sequence[Run], name: str, schema: Schema) -> pd.DataFrame:
    """Return one table of all runs."""
    return pd.concat([schema.read(project.layout.errors(run) / f"{name}.csv") for run in runs])


def _grids(project: Project, runs: Sequence[Run], counts: pd.DataFrame) -> pd.DataFrame:
    limits = BOUNDS.read(project.layout.strata)
    grids = []
    for run in runs:
        objects = OBJECTS.read(project.layout.errors(run) / "objects.csv")
        grids.append(recall_grid(Analysis(objects, counts[counts["run"] == str(run)]), limits))
    return pd.concat(grids)


def _draw(tables: dict[str, pd.DataFrame], runs: Sequence[Run], folder: Path) -> None:
    totals = mean_of_seeds(tables["categories"], runs, [])
    save(category_bars(totals, "What became of the annotated objects, test subset"), folder / "categories.png")
    gains = tables["gains"]
    overall = mean_of_seeds(gains[gains["by"] == OVERALL], runs, ["category"])
    save(gain_table(overall, "Gain in mean F1 if one kind of error were fixed"), folder / "gains.png")
    strata = tables["strata"]
    for quantity, name, axis in (
        (DIAMETER, "recall_by_size", "equivalent diameter of the annotated object (px)"),
        (CONTRAST, "recall_by_contrast", "contrast |d'| of the annotated object"),
    ):
        of_quantity = mean_of_seeds(strata[strata["by"] == quantity], runs, ["stratum"])
        save(recall_by_stratum(of_quantity, f"Recall by {quantity}, test subset", axis), folder / f"{name}.png")
    keys = ["diameter_low", "diameter_high", "distance_low", "distance_high"]
    grids = mean_of_seeds(tables["grid"], runs, keys)
    save(recall_grids(grids, "Recall by size and neighbour, test subset"), folder / "recall_by_size_and_neighbour.png")
