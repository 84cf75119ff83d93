"""Stage anatomy: the errors of all runs side by side, and the images that are hard for all models."""

from collections.abc import Sequence
from pathlib import Path

import click
import pandas as pd
from rich.console import Console

from cellarena.evaluation.errors.analysis import OBJECTS, Analysis
from cellarena.evaluation.errors.comparison import CATEGORY_TOTALS, category_totals, mean_of_seeds
from cellarena.evaluation.errors.difficulty import DIFFICULTY, difficulty
from cellarena.evaluation.errors.gains import COUNTS, GAINS, OVERALL
from cellarena.evaluation.errors.strata import BOUNDS, CONTRAST, DIAMETER, GRID, STRATA, recall_grid
from cellarena.records import Run
from cellarena.reporting.figures.errors import category_bars, gain_table, recall_by_stratum, recall_grids
from cellarena.reporting.figures.style import save
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder
from cellarena.tables import Schema

_SCHEMAS = {"categories": CATEGORY_TOTALS, "gains": GAINS, "strata": STRATA, "grid": GRID, "difficulty": DIFFICULTY}


@click.command()
@click.pass_obj
def anatomy(project: Project) -> None:
    """Put the kinds of errors of all runs side by side, what each costs and where; find the images hard for all."""
    layout, params = project.layout, project.params
    runs = params.scored_runs
    counts = _of_all(project, runs, "counts", COUNTS)
    f1 = {run: counts[counts["run"] == str(run)].set_index("image")["f1"] for run in runs}
    learned = [*params.benchmark.models, *params.benchmark.ensembles]
    tables = {
        "categories": category_totals(counts),
        "gains": _of_all(project, runs, "gains", GAINS),
        "strata": _of_all(project, runs, "strata", STRATA),
        "grid": _grids(project, runs, counts),
        "difficulty": difficulty(f1, learned, params.analyze.hard),
    }
    with fresh_folder(layout.anatomy) as folder, fresh_folder(layout.anatomy_figures) as figures:
        for name, schema in _SCHEMAS.items():
            schema.write(tables[name], folder / f"{name}.csv")
        _draw(tables, runs, figures)
    hard = tables["difficulty"][["image", "mean_f1", "best_f1", "n_hard", "n_models", "hard_for_all"]]
    Console().print(f"{hard['hard_for_all'].sum()} of {len(hard)} images are hard for all models")
    Console().print(hard.head(10).to_string(index=False))


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
