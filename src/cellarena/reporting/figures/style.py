"""One look for all figures, and PNG files whose bytes depend on nothing but their content."""

import io
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Literal, ParamSpec

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image as Pillow
from scipy.spatial import KDTree

from cellarena.files import write_bytes
from cellarena.reporting.tables import FLOOR

P = ParamSpec("P")
Dash = Literal["solid"] | tuple[float, tuple[float, ...]]
"""Matplotlib's line style: unbroken, or offset and lengths of dashes and gaps in line widths."""

DPI = 110
SKY, VERMILLION = "#56B4E9", "#D55E00"
YELLOW, CYAN, GREY, SILVER = "#FFE92E", "#00D5E8", "#6B6B6B", "#C9C9C9"
# Okabe and Ito, "Color universal design", 2008; without its yellow, which is lost on white.
_COLOURS = ("#0072B2", VERMILLION, "#009E73", "#CC79A7", "#E69F00", SKY, "#000000")
_DASHES: tuple[Dash, ...] = ("solid", (0, (6, 2)), (0, (3, 1.5)), (0, (6, 2, 1.5, 2)))
_MARKERS = "osD^vPX"
_SEED = re.compile(r"-\d+$")
_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.titlesize": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#E3E3E3",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "legend.frameon": False,
    "figure.dpi": DPI,
    "figure.constrained_layout.use": True,
    # A name such as $a_b$ is text, never a formula.
    "text.parse_math": False,
}


@dataclass(frozen=True)
class Series:
    """How one model or run is drawn: colour, dash pattern and marker differ, so that none of them is needed alone."""

    colour: str
    dash: Dash
    marker: str


def family_of(run: str) -> str:
    """Return a run's name without its seed: `unet-real` for `unet-real-0`."""
    return _SEED.sub("", run)


def is_floor(run: str) -> bool:
    """Return whether a model, row or run is the classical floor, which learned nothing."""
    return run.partition("-")[0] == FLOOR


def shorten(name: str) -> str:
    """Return a name as a figure has room for it."""
    return name if len(name) <= 26 else f"{name[:25]}…"


def series_styles(names: Iterable[str]) -> dict[str, Series]:
    """Return the style of each name in the order given; the classical floor is grey and dotted.

    Names that differ in a seed at their end only (`unet-real-0`, `unet-real-1`) share colour and marker.

    Args:
        names: models or runs.
    """
    styles: dict[str, Series] = {}
    seeds: dict[str, int] = {}
    learned: list[str] = []
    for name in dict.fromkeys(names):
        family = family_of(name)
        if is_floor(family):
            styles[name] = Series(GREY, (0, (1, 1.5)), "x")
            continue
        if family not in learned:
            learned.append(family)
        k, seed = learned.index(family), seeds.get(family, 0)
        seeds[family] = seed + 1
        dash = _DASHES[(k // len(_COLOURS) + seed) % len(_DASHES)]
        styles[name] = Series(_COLOURS[k % len(_COLOURS)], dash, _MARKERS[k % len(_MARKERS)])
    return styles


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Return the drawing function under this project's settings, whatever a matplotlibrc says."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context():
            mpl.rcdefaults()
            mpl.rcParams.update(_RC)
            figure = draw(*args, **kwargs)
            # Layout, ticks and fonts are settled while the settings hold.
            FigureCanvasAgg(figure).draw()  # type: ignore[no-untyped-call]
            return figure

    return drawn


def add_title(figure: Figure, title: str) -> None:
    """Put a title at the top left of a figure, on as many lines as its width asks for."""
    lines = textwrap.fill(title, max(20, int(figure.get_figwidth() * 10)))
    figure.suptitle(lines, fontsize=11, x=0.01, ha="left")


def save(figure: Figure, path: Path, n_colours: int = 192) -> None:
    """Write a figure as a PNG with a palette; the same figure gives the same bytes.

    Args:
        figure: as drawn by this package.
        path: where to; the suffix is .png.
        n_colours: of the palette, at most 256. Photographs take less room with fewer.
    """
    raw, small = io.BytesIO(), io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_RC)
        figure.savefig(raw, format="png", dpi=DPI, metadata={"Software": None})
    with Pillow.open(raw) as picture:
        _with_palette(picture.convert("RGB"), n_colours).save(small, format="PNG", optimize=True)
    write_bytes(small.getvalue(), path)


def _with_palette(picture: Pillow.Image, n_colours: int) -> Pillow.Image:
    """Return the picture in few colours: five sixths are the frequent ones, the rest rare ones such as outlines."""
    n_rare = n_colours // 6
    frequent = picture.quantize(n_colours - n_rare, method=Pillow.Quantize.MEDIANCUT).getpalette() or []
    rare = picture.quantize(n_rare, method=Pillow.Quantize.MAXCOVERAGE).getpalette() or []
    palette = np.array(frequent + rare, np.uint8).reshape(-1, 3)
    red, green, blue = np.moveaxis(np.asarray(picture).astype(np.int32), -1, 0)
    packed, place = np.unique((red << 16) | (green << 8) | blue, return_inverse=True)
    colours = np.stack([packed >> 16, (packed >> 8) & 255, packed & 255], axis=1)
    # Pillow's own mapping to a palette is coarse: it would tint the white ground.
    nearest = np.asarray(KDTree(palette.astype(float)).query(colours.astype(float))[1], np.uint8)
    mapped = Pillow.fromarray(nearest[place].reshape(red.shape), mode="P")
    mapped.putpalette(palette.tobytes())
    return mapped
