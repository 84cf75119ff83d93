"""Synthetic images beside real ones as curves: spectra and distribution functions, modality by modality."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from cellarena.evaluation.quality.descriptions import mean_histogram
from cellarena.evaluation.quality.estimates import Values
from cellarena.evaluation.quality.image_summaries import PIXEL_CLASSES
from cellarena.evaluation.quality.sets import (
    COMPARED,
    SHUFFLED,
    SYNTHETIC,
    TRAIN,
    VAL,
    Sets,
    modalities_of,
    object_values,
    of_modality,
)
from cellarena.reporting.figures.style import GREY, VERMILLION, Dash, add_title, shorten, styled

_WIDTH = 8.6
_ROW = 1.75
_BLUE = "#0072B2"
_LOOKS: Mapping[str, tuple[str, Dash, float]] = {
    TRAIN: ("black", "solid", 2.0),
    VAL: (_BLUE, (0, (6, 2)), 1.4),
    SYNTHETIC: (VERMILLION, "solid", 1.4),
    SHUFFLED: (GREY, (0, (1, 1.5)), 1.2),
}
_UNSHUFFLED = (TRAIN, VAL, SYNTHETIC)
_NAMES = {TRAIN: "train", VAL: "validation", SYNTHETIC: "synthetic", SHUFFLED: "validation in shuffled blocks"}
_SHAPES = {
    "area": "area (px)", "eccentricity": "eccentricity", "solidity": "solidity",
    "neighbour_distance": "nearest object (px)", "n_objects": "objects in an image",
}  # fmt: skip
_LOGARITHMIC = {"area", "neighbour_distance", "n_objects"}


@styled
def spectra(table: pd.DataFrame, title: str) -> Figure:
    """Return the mean logarithm of power over frequency of each set, a panel for each modality.

    Args:
        table: as from `evaluation.quality.descriptions.spectrum_table`.
        title: above the panels.
    """
    modalities = list(dict.fromkeys(table["modality"]))
    columns = min(3, len(modalities))
    rows = -(-len(modalities) // columns)
    figure = Figure(figsize=(_WIDTH, 1.1 + 2.3 * rows))
    add_title(figure, title)
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.ravel()[len(modalities) :]:
        axes.set_axis_off()
    for axes, modality in zip(grid.ravel(), modalities, strict=False):
        axes.set_title(shorten(modality), loc="left", fontsize=9)
        axes.set(xlabel="frequency in cycles per pixel", ylabel="log10 of power")
        for name in _LOOKS:
            own = table[(table["modality"] == modality) & (table["images"] == name)]
            _line(axes, name, own["frequency"].to_numpy(float), own["log_power"].to_numpy(float))
    _legend(figure, _LOOKS)
    return figure


@styled
def intensities(sets: Sets, title: str) -> Figure:
    """Return the distribution functions of grey levels: a row for each modality, a column for each class of pixels.

    Args:
        sets: the samples.
        title: above the panels.
    """

    def draw(axes: Axes, modality: str, pixel_class: str) -> None:
        for name in _UNSHUFFLED:
            shares = mean_histogram(of_modality(sets[name], modality), list(PIXEL_CLASSES).index(pixel_class))
            if not np.isnan(shares).any():
                _line(axes, name, np.arange(256.0), np.cumsum(shares))

    headings = {name: f"{name}: grey level" for name in PIXEL_CLASSES}
    return _grid(modalities_of(sets), headings, draw, title, _UNSHUFFLED, "share of pixels at most so bright")


@styled
def shapes(sets: Sets, title: str) -> Figure:
    """Return the distribution functions of what is measured of objects: a row a modality, a column a measure.

    Args:
        sets: the samples.
        title: above the panels.
    """

    def draw(axes: Axes, modality: str, measure: str) -> None:
        values = {n: _pooled(object_values(of_modality(sets[n], modality), measure)) for n in _UNSHUFFLED}
        _functions(axes, values, logarithmic=measure in _LOGARITHMIC)

    return _grid(modalities_of(sets), _SHAPES, draw, title, _UNSHUFFLED, "share of values at most so large")


@styled
def likenesses(memory: pd.DataFrame, title: str) -> Figure:
    """Return the distribution functions of the likeness of images to training images, a panel for each modality.

    Args:
        memory: as from `evaluation.quality.measures.memory_table`.
        title: above the panels.
    """
    modalities = sorted(memory["modality"].unique())

    def draw(axes: Axes, _: str, modality: str) -> None:
        own = memory[memory["modality"] == modality]
        _functions(axes, {n: own.loc[own["images"] == n, "likeness"].dropna().to_numpy(float) for n in COMPARED})
        axes.set_xlim(0, 1.02)

    headings = {modality: f"{shorten(modality)}: largest correlation" for modality in modalities}
    return _grid([""], headings, draw, title, COMPARED, "share of the images")


def _functions(axes: Axes, values: Mapping[str, Values], *, logarithmic: bool = False) -> None:
    """Draw the empirical distribution function of each set that has a value."""
    for name, own in values.items():
        if own.size:
            ordered = np.sort(own)
            _line(axes, name, np.repeat(ordered, 2), np.repeat(np.arange(own.size + 1), 2)[1:-1] / own.size)
    if logarithmic and any(own.size and own.max() > 0 for own in values.values()):
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(NullFormatter())


def _grid(
    rows: Sequence[str], columns: Mapping[str, str], draw: Callable[[Axes, str, str], None], title: str,
    names: Sequence[str], label: str,
) -> Figure:  # fmt: skip
    figure = Figure(figsize=(max(_WIDTH, 1.9 * len(columns)), 1.3 + _ROW * len(rows)))
    add_title(figure, title)
    grid = figure.subplots(len(rows), len(columns), squeeze=False, sharex="col", sharey=True)
    for line, row in zip(grid, rows, strict=True):
        for axes, column in zip(line, columns, strict=True):
            draw(axes, row, column)
            axes.set_ylim(-0.02, 1.02)
        line[0].set_ylabel(shorten(row))
    for axes, heading in zip(grid[-1], columns.values(), strict=True):
        axes.set_xlabel(heading)
    figure.supylabel(label, fontsize=9)
    _legend(figure, names)
    return figure


def _pooled(values: Sequence[Values]) -> Values:
    pooled = np.concatenate([np.zeros(0), *values])
    return np.asarray(pooled[~np.isnan(pooled)])


def _line(axes: Axes, name: str, x: Values, y: Values) -> None:
    colour, dash, width = _LOOKS[name]
    axes.plot(x, y, color=colour, linestyle=dash, linewidth=width)


def _legend(figure: Figure, names: Sequence[str] | Mapping[str, object]) -> None:
    handles = [
        Line2D([], [], color=colour, linestyle=dash, linewidth=width, label=_NAMES[name])
        for name, (colour, dash, width) in _LOOKS.items()
        if name in names
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles))
