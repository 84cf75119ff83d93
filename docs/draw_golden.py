"""Draw the golden set of the tests: python docs/draw_golden.py writes docs/golden_set.png."""

import sys
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from scipy import ndimage

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests" / "evaluation"))

from golden_set import GoldenPair, golden_pairs  # noqa: E402 (a neighbour of the tests, not installed)

TRUE, FILL, PRED, FRAME = "#0072B2", "#D6E9F5", "#D55E00", "#F0F0F0"
N_COLUMNS = 5
BORDER = 2


def outlines(labels: np.ndarray) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Return the pixel edges between differently labelled pixels as line segments ((x, y), (x, y))."""
    padded = np.pad(labels, 1)
    rows, columns = np.nonzero(padded[1:] != padded[:-1])
    level = [((x - 1, y), (x, y)) for y, x in zip(rows.tolist(), columns.tolist(), strict=True)]
    rows, columns = np.nonzero(padded[:, 1:] != padded[:, :-1])
    upright = [((x, y - 1), (x, y)) for y, x in zip(rows.tolist(), columns.tolist(), strict=True)]
    return level + upright


def ties(labels: np.ndarray) -> list[np.ndarray]:
    """Return segments ((x, y), (x, y)) between the centres of the pieces of every object that is in pieces."""
    segments = []
    for label in np.unique(labels[labels > 0]):
        pieces, n_pieces = ndimage.label(labels == label)
        centres = np.array(ndimage.center_of_mass(pieces, pieces, range(1, n_pieces + 1)))[:, ::-1] + 0.5
        segments += [centres[index : index + 2] for index in range(n_pieces - 1)]
    return segments


def draw(axes: Axes, pair: GoldenPair) -> None:
    """Draw one pair: the border rule's frame grey, annotated objects blue, predicted ones outlined in orange."""
    height, width = pair.true.shape
    axes.add_patch(Rectangle((0, 0), width, height, facecolor=FRAME))
    inner = (width - 2 * BORDER, height - 2 * BORDER)
    if min(inner) > 0:
        axes.add_patch(Rectangle((BORDER, BORDER), *inner, facecolor="white"))
    for row, column in np.argwhere(pair.true > 0):
        axes.add_patch(Rectangle((column, row), 1, 1, facecolor=FILL))
    axes.add_collection(LineCollection(outlines(pair.true), colors=TRUE, linewidths=3.6, capstyle="projecting"))
    axes.add_collection(LineCollection(outlines(pair.pred), colors=PRED, linewidths=1.5, capstyle="projecting"))
    axes.add_collection(LineCollection(ties(pair.true), colors=TRUE, linewidths=2, linestyles="dotted"))
    axes.add_collection(LineCollection(ties(pair.pred), colors=PRED, linewidths=1.5, linestyles="dotted"))
    axes.set(xlim=(-0.4, width + 0.4), ylim=(height + 0.4, -0.4), xticks=[], yticks=[], aspect="equal")
    axes.spines[:].set_visible(False)
    f1, with_border = pair.objects[0.5, "f1"], pair.with_border[0.5, "f1"]
    axes.set_title(f"{pair.name}\nF1 {f1}" + (f" ({with_border} with border)" if with_border != f1 else ""), fontsize=9)


def main() -> None:
    """Write the figure."""
    pairs = golden_pairs()
    n_rows = -(-len(pairs) // N_COLUMNS)
    figure = Figure((10, 2.15 * n_rows + 0.4), layout="constrained")
    panels = figure.subplots(n_rows, N_COLUMNS).ravel()
    for axes, pair in zip(panels, pairs, strict=False):
        draw(axes, pair)
    for axes in panels[len(pairs) :]:
        axes.set_axis_off()
    handles = [
        Line2D([], [], color=TRUE, linewidth=3.6, label="annotated"),
        Line2D([], [], color=PRED, linewidth=1.5, label="predicted"),
        Line2D([], [], color="#333333", linestyle="dotted", label="pieces of one object"),
        Rectangle((0, 0), 1, 1, facecolor=FRAME, label="frame of the border rule"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False)
    figure.savefig(ROOT / "docs" / "golden_set.png", dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()
