"""How sure the order of the rows is: means with intervals, verdicts on all pairs, mean ranks."""

import math
from collections import Counter
from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from cellarena.reporting.figures.curves import WIDTH, require_columns, score_limits
from cellarena.reporting.figures.style import GREY, SILVER, add_title, is_floor, series_styles, shorten, styled

# Okabe and Ito's blue and orange, made light enough for black text.
_SIGNS = {
    "better": ("+", "#9CC9E8"),
    "worse": ("\N{MINUS SIGN}", "#F3B98C"),
    "equivalent": ("=", "#E4E4E4"),
    "cannot tell": ("?", "#FFFFFF"),
    "no difference shown": ("?", "#FFFFFF"),
}
_OPPOSITE = {"better": "worse", "worse": "better"}
_BAND = "#DCDCDC"


@styled
def interval_dots(
    intervals: pd.DataFrame, seeds: pd.DataFrame, grid: Sequence[str], confidence: float, title: str
) -> Figure:
    """Return every row's mean with its intervals, its seeds as points, and its noise floor as a band.

    The thick line is the interval over images for these trainings, the thin one that of the model; the band reaches
    as far to both sides of the mean as two trainings that differ in nothing but the seed are apart on average.

    Args:
        intervals: as `evaluation.statistics.intervals` makes it, the first row at the top.
        seeds: columns `row` and `value`, the mean of one training each.
        grid: all rows in the order of other figures, so that a model has one colour in all of them.
        confidence: of the intervals.
        title: above the axes.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(intervals, ("row", "mean", "low", "high", "images_low", "images_high", "noise_floor", "n_seeds"))
    require_columns(seeds, ("row", "value"))
    labels = short_rows(intervals["row"].tolist())
    styles = series_styles([*grid, *intervals["row"]])
    figure = Figure(figsize=(WIDTH, 1.9 + 0.45 * len(labels)))
    axes = figure.subplots()
    for k, line in enumerate(intervals.to_dict("records")):
        colour = styles[line["row"]].colour
        if line["noise_floor"] > 0:
            floor = line["noise_floor"]
            axes.barh(k, 2 * floor, left=line["mean"] - floor, height=0.7, color=_BAND, zorder=1)
        axes.hlines(k, line["low"], line["high"], colors=colour, linewidth=1.2, zorder=2)
        axes.hlines(k, line["images_low"], line["images_high"], colors=colour, linewidth=4, alpha=0.45, zorder=2)
        axes.scatter(line["mean"], k, s=42, color=colour, marker=styles[line["row"]].marker, zorder=4)
        of_row = seeds.loc[seeds["row"] == line["row"], "value"]
        if len(of_row) > 1:
            axes.scatter(of_row, [k + 0.26] * len(of_row), s=12, facecolors="none", edgecolors=colour, zorder=3)
    counted = zip(labels, intervals["row"], intervals["n_seeds"], strict=True)
    axes.set_yticks(range(len(labels)), [f"{label}\n{_trainings(row, n)}" for label, row, n in counted])
    shown = intervals[["low", "high", "images_low", "images_high", "mean"]].to_numpy().ravel()
    axes.set(xlabel="mean F1 at IoU 0.5", xlim=score_limits(shown), ylim=(len(labels) - 0.4, -0.6))
    add_title(figure, title)
    _explain(figure, confidence, unknown=bool(intervals["noise_floor"].isna().any()))
    return figure


@styled
def verdict_matrix(pairs: pd.DataFrame, title: str) -> Figure:
    """Return the verdict on each row against each column: a sign, a colour and the mean difference.

    Where nothing can be said of the models, the verdict on these trainings stands small below.

    Args:
        pairs: as `evaluation.statistics.pairwise` makes it.
        title: above the axes.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(pairs, ("a", "b", "difference", "verdict", "on_these_images"))
    rows = list(dict.fromkeys([*pairs["a"], *pairs["b"]]))
    side = max(5.2, 2.6 + 0.85 * len(rows))
    figure = Figure(figsize=(side, 0.75 * side + 0.9))
    axes = figure.subplots()
    for line in pairs.to_dict("records"):
        a, b = rows.index(line["a"]), rows.index(line["b"])
        verdict, here = line["verdict"], line["on_these_images"]
        _cell(axes, a, b, verdict, here, line["difference"])
        _cell(axes, b, a, _OPPOSITE.get(verdict, verdict), _OPPOSITE.get(here, here), -line["difference"])
    for k in range(len(rows)):
        axes.fill_between([k - 0.5, k + 0.5], k - 0.5, k + 0.5, color=SILVER, linewidth=0)
    labels = short_rows(rows)
    axes.set_yticks(range(len(rows)), labels)
    axes.set_xticks(range(len(rows)), labels, rotation=35, ha="right", rotation_mode="anchor")
    axes.set(xlim=(-0.5, len(rows) - 0.5), ylim=(len(rows) - 0.5, -0.5), ylabel="this row …", xlabel="… against this")
    axes.grid(visible=False)
    add_title(figure, title)
    signs = [Patch(facecolor=colour, edgecolor=GREY, label=f"{sign}  {verdict}")
             for verdict, (sign, colour) in _SIGNS.items() if verdict != "no difference shown"]  # fmt: skip
    signs.append(Patch(facecolor="white", edgecolor="white", label="(+)  on these images, with these trainings"))
    figure.legend(handles=signs, loc="outside lower center", ncols=5 if side > 8 else 3, fontsize=8)
    return figure


@styled
def rank_diagram(ranks: pd.DataFrame, grid: Sequence[str], title: str) -> Figure:
    """Return a critical-difference diagram: the rows at their mean ranks, a bar over those not told apart.

    Demšar, "Statistical comparisons of classifiers over multiple data sets", JMLR 7, 2006.

    Args:
        ranks: as `evaluation.rank_tests.rank_table` makes it, best first.
        grid: all rows in the order of other figures, so that a model has one colour in all of them.
        title: above the axes.

    Raises:
        ValueError: if a column is missing.
    """
    require_columns(ranks, ("row", "mean_rank", "group", "critical_difference", "n_images"))
    n, letters = len(ranks), _shared_letters(ranks)
    figure = Figure(figsize=(WIDTH, 1.9 + 0.34 * n + 0.2 * len(letters)))
    axes = figure.subplots()
    styles = series_styles([*grid, *ranks["row"]])
    for k, (line, label) in enumerate(zip(ranks.to_dict("records"), short_rows(ranks["row"].tolist()), strict=True)):
        style, rank = styles[line["row"]], line["mean_rank"]
        axes.hlines(k, 1, rank, colors=SILVER, linewidth=0.8)
        axes.scatter(rank, k, s=36, color=style.colour, marker=style.marker, zorder=3)
        axes.annotate(f"{label}  {rank:.2f}", (rank, k), (8, 0), textcoords="offset points", va="center", fontsize=8)
    for k, letter in enumerate(letters):
        members = ranks.loc[[letter in group for group in ranks["group"]], "mean_rank"]
        axes.hlines(n + 0.1 + 0.6 * k, members.min() - 0.03, members.max() + 0.03, colors=GREY, linewidth=4)
    difference = float(ranks["critical_difference"].iloc[0])
    if not math.isnan(difference):
        axes.hlines(-1, 1, 1 + difference, colors="black", linewidth=1.5)
        axes.annotate(f"critical difference {difference:.2f}", (1 + difference, -1), (6, 0),
                      textcoords="offset points", va="center", fontsize=8)  # fmt: skip
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    # Room for the longest name to the right of the worst rank.
    axes.set(xlim=(0.8, n + 0.3 + 0.32 * n), ylim=(n + 0.2 + 0.6 * len(letters), -1.6), xticks=range(1, n + 1))
    axes.set_xlabel(f"mean rank on {int(ranks['n_images'].iloc[0])} images, 1 is best (grey bar: not told apart)")
    add_title(figure, title)
    return figure


def _shared_letters(ranks: pd.DataFrame) -> list[str]:
    """Return the letters of groups with several rows, the best group first."""
    counts = Counter(letter for group in ranks["group"] for letter in group)
    return [letter for letter, n_rows in counts.items() if n_rows > 1]


def short_rows(rows: list[str]) -> list[str]:
    """Return names of rows as a figure has room for them: without the arm, if all rows are of one."""
    arms = {row.rpartition("-")[2] for row in rows}
    return [shorten(row.rpartition("-")[0] or row) if len(arms) == 1 else shorten(row) for row in rows]


def _cell(axes: Axes, row: int, column: int, verdict: str, here: str, difference: float) -> None:
    sign, colour = _SIGNS[verdict]
    axes.fill_between([column - 0.5, column + 0.5], row - 0.5, row + 0.5, color=colour, linewidth=0)
    axes.plot([column - 0.5, column + 0.5], [row + 0.5] * 2, color=_BAND, linewidth=0.6)
    axes.plot([column - 0.5] * 2, [row - 0.5, row + 0.5], color=_BAND, linewidth=0.6)
    axes.text(column, row - 0.14, sign, ha="center", va="center", fontsize=13)
    known = verdict == "cannot tell" and here in {"better", "worse", "equivalent"}
    small = "no value" if math.isnan(difference) else f"{round(difference, 3) or 0:+.3f}"
    small = small.replace("-", "\N{MINUS SIGN}") + (f" ({_SIGNS[here][0]})" if known else "")
    axes.text(column, row + 0.27, small, ha="center", va="center", fontsize=7, color="#333333")


def _trainings(row: str, n_seeds: int) -> str:
    if is_floor(row):
        return "not learned"
    return f"{n_seeds} seed{'s' * (n_seeds != 1)}"


def _explain(figure: Figure, confidence: float, *, unknown: bool) -> None:
    level = f"{100 * confidence:g} %"
    handles: list[Line2D | Patch] = [
        Line2D([], [], color=GREY, linewidth=1.2, label=f"{level}: other trainings, other images"),
        Line2D([], [], color=GREY, linewidth=4, alpha=0.45, label=f"{level}: these trainings, other images"),
        Patch(facecolor=_BAND, label="noise floor: two seeds of one model" + (" (unknown with 1 seed)" * unknown)),
        Line2D([], [], color=GREY, linestyle="", marker="o", markersize=3.5, fillstyle="none", label="one seed"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, fontsize=8)
