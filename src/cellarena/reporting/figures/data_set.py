"""What a data set holds, modality by modality: cells, sizes, intensities, classes of pixels."""

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator, PercentFormatter

from cellarena.datasets.describing.tables import CLASSES
from cellarena.reporting.figures.style import (
    GREY,
    SKY,
    VERMILLION,
    Series,
    add_title,
    series_styles,
    shorten,
    styled,
)

_WIDTH = 8.0
_BINS = 40
_MOST_LINES = 150
_CLASS_COLOURS = dict(zip(CLASSES, ("#E3E3E3", SKY, VERMILLION), strict=True))


@styled
def cell_distributions(images: pd.DataFrame, objects: pd.DataFrame, title: str) -> Figure:
    """Return cells per image, a point for each image, and cell areas, a histogram for each modality.

    Args:
        images: columns `modality` and `n_objects`.
        objects: columns `modality` and `area` in pixels.
        title: above the panels.
    """
    styles = _styles(images)
    figure = Figure(figsize=(_WIDTH, _height(styles)))
    left, right = figure.subplots(1, 2, sharey=True)
    add_title(figure, title)
    # The rows' names are shared: those of the last count, and every modality has an image.
    _rows(right, objects, styles, _histogram)
    _rows(left, images, styles, _dots)
    counts = images["n_objects"]
    _log_axis(left, *((0.0, 1.3 * counts.max()) if counts.min() == 0 else (counts.min() / 1.3, 1.3 * counts.max())))
    _log_axis(right, objects["area"].min() / 1.3, 1.3 * objects["area"].max())
    left.set(xlabel="cells per image (line: median)")
    right.set(xlabel="cell area in pixels (line: median)")
    return figure


@styled
def image_sizes(images: pd.DataFrame, title: str) -> Figure:
    """Return image widths and heights; the area of a point grows with the number of images of that size.

    Args:
        images: columns `modality`, `height` and `width` in pixels.
        title: above the axes.
    """
    styles = _styles(images)
    figure = Figure(figsize=(_WIDTH, 5.4))
    axes = figure.subplots()
    add_title(figure, title)
    counts = images.groupby(["modality", "height", "width"]).size().rename("n").reset_index()
    counts["mark"] = 20 + 600 * counts["n"] / len(images)
    for modality, style in styles.items():
        own = counts[counts["modality"] == modality]
        axes.scatter(own["width"], own["height"], s=own["mark"], marker=style.marker, facecolor="none",
                     edgecolor=style.colour, linewidth=1.3, label=_counted(modality, int(own["n"].sum())))  # fmt: skip
    sides = pd.concat([images["width"], images["height"]])
    limits = (sides.min() / 1.5, sides.max() * 1.5)
    axes.set(xscale="log", yscale="log", xlim=limits, ylim=limits)
    axes.set(xlabel="width in pixels", ylabel="height in pixels")
    for axis in (axes.xaxis, axes.yaxis):
        _label(axis, _doublings(*limits))
    legend = figure.legend(loc="outside lower center", ncols=min(3, len(styles)), title="images")
    for handle in legend.legend_handles:
        if handle is not None:
            handle.set_sizes([30])  # type: ignore[attr-defined]
    return figure


@styled
def intensity_ranges(images: pd.DataFrame, channels: pd.DataFrame, title: str) -> Figure:
    """Return for each image the range of its intensities as a share of what its pixel type can hold.

    Of a modality with more images than there is room for, evenly spaced ones in the order of their medians are drawn.

    Args:
        images: column `modality`, which says what rows there are.
        channels: one row per image and channel with columns `image`, `modality`, `p01`, `median`, `p99` and
            `full_scale`, NaN for floats, which have no such share.
        title: above the axes.
    """
    styles = _styles(images)
    figure = Figure(figsize=(_WIDTH, _height(styles)))
    axes = figure.subplots()
    add_title(figure, title)
    _rows(axes, _shares(channels), styles, _ranges)
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    axes.set(xlabel="share of the pixel type's range (line: an image's 1st to 99th percentile; point: its median)")
    axes.set(xlim=(-0.02, 1.02))
    return figure


@styled
def class_balance(summary: pd.DataFrame, title: str) -> Figure:
    """Return the shares of background, interior and boundary pixels as stacked bars.

    Args:
        summary: a row per `modality` and one of all images, with one column of shares per class.
        title: above the axes.
    """
    figure = Figure(figsize=(_WIDTH, 1.7 + 0.42 * len(summary)))
    axes = figure.subplots()
    add_title(figure, title)
    start = np.zeros(len(summary))
    for kind, colour in _CLASS_COLOURS.items():
        shares = summary[kind].to_numpy(float)
        bars = axes.barh(range(len(summary)), shares, left=start, color=colour, edgecolor="white", label=kind)
        text = [f"{share:.1%}" if share >= 0.05 else "" for share in shares]
        axes.bar_label(bars, text, label_type="center", fontsize=8)
        start += shares
    axes.set_yticks(range(len(summary)), [shorten(str(name)) for name in summary["modality"]])
    axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, decimals=0))
    axes.set(xlabel="share of all pixels", xlim=(0, 1), ylim=(len(summary) - 0.4, -0.6))
    axes.grid(visible=False)
    figure.legend(loc="outside lower center", ncols=len(CLASSES))
    return figure


def _styles(images: pd.DataFrame) -> dict[str, Series]:
    return series_styles(sorted(images["modality"].unique()))


def _height(styles: dict[str, Series]) -> float:
    return 1.5 + 0.75 * len(styles)


def _rows(
    axes: Axes, table: pd.DataFrame, styles: dict[str, Series], draw: Callable[[Axes, pd.DataFrame, float, str], int]
) -> None:
    """Draw the part of a table that is each modality's on a line of its own, the first on top."""
    names = []
    for row, (modality, style) in enumerate(styles.items()):
        n = draw(axes, table[table["modality"] == modality], float(row), style.colour)
        names.append(f"{shorten(modality)}" + ("" if n else "\nno value"))
    axes.set_yticks(range(len(styles)), names)
    axes.set_ylim(len(styles) - 0.45, -0.55)


def _dots(axes: Axes, images: pd.DataFrame, row: float, colour: str) -> int:
    values = np.sort(images["n_objects"].to_numpy(float))
    # Spread by rank, so that equal values lie apart and the figure is the same each time.
    heights = row + 0.32 * (2 * ((np.arange(len(values)) * 0.618034) % 1) - 1)
    axes.scatter(values, heights, s=9, color=colour, alpha=0.45, linewidth=0, zorder=3)
    axes.vlines(np.median(values), row - 0.4, row + 0.4, colors="black", linewidth=1.4, zorder=4)
    return len(values)


def _histogram(axes: Axes, objects: pd.DataFrame, row: float, colour: str) -> int:
    areas = objects["area"].to_numpy(float)
    if not areas.size:
        return 0
    low, high = math.log10(areas.min()), math.log10(areas.max())
    counts, edges = np.histogram(np.log10(areas), _BINS, (low - 0.05, high + 0.05))
    heights = 0.8 * counts / counts.max()
    # Rows count downwards, so that a histogram stands on the lower edge of its row.
    axes.stairs(row + 0.4 - heights, 10**edges, baseline=row + 0.4, fill=True, color=colour, alpha=0.65)
    axes.vlines(np.median(areas), row - 0.4, row + 0.4, colors="black", linewidth=1.4, zorder=4)
    return len(areas)


def _shares(channels: pd.DataFrame) -> pd.DataFrame:
    """Return p01, median and p99 of each image as shares of the full scale, the mean of its channels."""
    columns = ["p01", "median", "p99"]
    shares = channels[["image", "modality"]].join(channels[columns].div(channels["full_scale"], axis=0))
    return shares.groupby(["image", "modality"])[columns].mean().reset_index()


def _ranges(axes: Axes, shares: pd.DataFrame, row: float, colour: str) -> int:
    ordered = shares.dropna().sort_values(["median", "image"])
    shown = (
        ordered.iloc[np.unique(np.linspace(0, len(ordered) - 1, _MOST_LINES).astype(int))] if len(ordered) else ordered
    )
    heights = row + np.linspace(-0.38, 0.38, len(shown)) if len(shown) > 1 else np.full(len(shown), row)
    axes.hlines(heights, shown["p01"], shown["p99"], colors=colour, linewidth=0.8, alpha=0.6)
    axes.scatter(shown["median"], heights, s=4, color=GREY, linewidth=0, zorder=3)
    return len(shown)


def _counted(modality: str, n_images: int) -> str:
    return f"{shorten(modality)} ({n_images})"


def _log_axis(axes: Axes, low: float, high: float) -> None:
    """Make the x axis logarithmic between two numbers; one that starts at 0 is linear below 1.

    Without a number (NaN) the axis stays empty.
    """
    if math.isnan(high):
        axes.set_xticks([])
        return
    if low == 0:
        axes.set_xscale("symlog", linthresh=1)
        axes.set_xlim(-0.1, max(high, 2))
    else:
        axes.set_xscale("log")
        axes.set_xlim(low, high)
    decades = [10.0**k for k in range(-1, math.ceil(math.log10(max(high, 2))))]
    ticks = [step * decade for decade in decades for step in ((1, 2, 5) if high < 30 * max(low, 1) else (1, 3))]
    _label(axes.xaxis, [tick for tick in (0.0, *ticks) if max(low, 1 if tick else 0) <= tick <= high])


def _label(axis: Axis, ticks: Sequence[float]) -> None:
    """Write plain numbers at some places of an axis and none elsewhere."""
    axis.set_major_locator(FixedLocator(ticks))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def _doublings(low: float, high: float) -> list[float]:
    """Return the powers of two between two numbers, of a narrow range those and what lies halfway."""
    powers = [2.0**k for k in range(math.floor(math.log2(high)) + 1)]
    steps = [step * power for power in powers for step in ((1, 1.5) if high < 16 * low else (1,))]
    return [step for step in steps if low <= step <= high]
