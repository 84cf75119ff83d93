"""Trainings side by side: validation score and loss over the optimizer step, a panel of each for every model."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cellarena.reporting.figures.curves import WIDTH, require_columns, score_limits
from cellarena.reporting.figures.style import GREY, Series, add_title, family_of, series_styles, styled

_COLUMNS = 3
_WIDE = 9.0


@styled
def training_curves(score: pd.DataFrame, loss: pd.DataFrame, title: str) -> Figure:
    """Return validation F1 and training loss over the optimizer step, each model in panels of its own, a line per seed.

    All panels of F1 have the same axis; each panel of a loss has its own, as networks learn by different losses.

    Args:
        score: column `step` and one column of validation F1 at IoU 0.5 per run; NaN where it was not measured.
        loss: column `step` and one column of training loss per run; NaN where it was not measured.
        title: above the panels.

    Raises:
        ValueError: if a column is missing.
    """
    scored, learned = _runs(score), _runs(loss)
    styles = series_styles([*scored, *learned])
    families = list(dict.fromkeys(family_of(run) for run in styles))
    figure, panels = _panels(len(families))
    add_title(figure, title)
    limits = score_limits(score[scored].to_numpy().ravel())
    for k, (family, (above, below)) in enumerate(zip(families, panels, strict=True)):
        found = _draw(above, score, _of(family, scored), styles, marked=True)
        _draw(below, loss, _of(family, learned), styles, marked=False)
        above.set_title(family + (" (no value)" if not found else ""), loc="left", fontsize=9)
        above.set_ylim(limits)
        below.set_xlabel("optimizer step")
        if k % _COLUMNS == 0:
            above.set_ylabel("validation F1")
            below.set_ylabel("training loss")
    _add_seeds(figure, styles)
    return figure


def _runs(table: pd.DataFrame) -> list[str]:
    require_columns(table, ("step",))
    runs = [str(column) for column in table.columns if column != "step"]
    if not runs:
        raise ValueError("training curves: the table has no column besides 'step'")
    return runs


def _of(family: str, runs: Sequence[str]) -> list[str]:
    return [run for run in runs if family_of(run) == family]


def _panels(n_models: int) -> tuple[Figure, list[tuple[Axes, Axes]]]:
    """Return a figure and for each model the panel of its score and, below, that of its loss."""
    columns = min(_COLUMNS, n_models)
    rows = -(-n_models // columns)
    width, height = (WIDTH, 5.0) if n_models == 1 else (_WIDE, 0.8 + 3.4 * rows)
    figure = Figure(figsize=(width, height))
    grid: Any = figure.subplots(2 * rows, columns, squeeze=False, sharex=True)
    pairs = [(grid[2 * row, column], grid[2 * row + 1, column]) for row in range(rows) for column in range(columns)]
    for above, below in pairs[n_models:]:
        above.set_axis_off()
        below.set_axis_off()
    for _, below in pairs[:n_models]:
        below.tick_params(labelbottom=True)
    return figure, pairs[:n_models]


def _draw(axes: Axes, table: pd.DataFrame, runs: Sequence[str], styles: dict[str, Series], *, marked: bool) -> bool:
    """Draw some runs of a table; return whether there was a value."""
    found = False
    for run in runs:
        # A value that was not measured at a step is no gap in the curve.
        points = table[["step", run]].dropna()
        style = styles[run]
        marker = style.marker if marked or len(points) == 1 else ""
        axes.plot(points["step"], points[run], color=style.colour, linestyle=style.dash, linewidth=1.3, marker=marker,
                  markersize=3.5, label=run)  # fmt: skip
        found = found or not points.empty
    return found


def _add_seeds(figure: Figure, styles: dict[str, Series]) -> None:
    """Say which dashes are which seed, where runs have seeds."""
    dashes = {f"seed {run.removeprefix(family_of(run) + '-')}": style.dash
              for run, style in styles.items() if run != family_of(run)}  # fmt: skip
    lines = [Line2D([], [], color=GREY, linestyle=dash, linewidth=1.3, label=seed) for seed, dash in dashes.items()]
    if lines:
        figure.legend(handles=lines, loc="outside lower center", ncols=min(6, len(lines)), fontsize=8)
