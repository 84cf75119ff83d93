"""How deep nnU-Net's 2-D network is for a patch, what it costs, and how a patch becomes smaller.

The rules are those of nnunetv2 2.8.1 (Isensee et al., Nature Methods 2021, doi 10.1038/s41592-020-01008-z) for pixels
that are square: the axes are then halved together for as long as both are long enough.
"""

import math
from collections.abc import Sequence

HeightWidth = tuple[int, int]
Strides = tuple[HeightWidth, ...]

CONVOLUTIONS = 2
"""Convolutions of each stage, on the way down and on the way up."""
FIRST_FEATURES = 32
"""Channels of the finest stage, unless the planner is told otherwise."""
MOST_FEATURES = 512
SMALLEST_EDGE = 4
"""An axis is not halved below this many pixels."""


def topology(size: tuple[float, float]) -> tuple[HeightWidth, Strides]:
    """Return a size padded to what its strides need, and these strides.

    Args:
        size: height and width in pixels; the median of many images may have a fraction.

    Returns:
        Height and width, each a multiple of the product of its strides; one stride pair a stage, the first (1, 1).
    """
    sides = list(size)
    strides = [(1, 1)]
    while axes := _long_enough(sides):
        for axis in axes:
            sides[axis] = math.ceil(sides[axis] / 2)
        strides.append((2 if 0 in axes else 1, 2 if 1 in axes else 1))
    down, right = multiple(strides)
    return (math.ceil(size[0] / down) * down, math.ceil(size[1] / right) * right), tuple(strides)


def _long_enough(sides: Sequence[float]) -> list[int]:
    """Return the axes that can be halved; one that is alone must be longer than two together."""
    axes = [axis for axis, side in enumerate(sides) if side >= 2 * SMALLEST_EDGE]
    return axes if len(axes) == 2 or (axes and sides[axes[0]] >= 3 * SMALLEST_EDGE) else []


def multiple(strides: Sequence[HeightWidth]) -> HeightWidth:
    """Return what height and width of a network's input must be multiples of."""
    return math.prod(down for down, _ in strides), math.prod(right for _, right in strides)


def features(n_stages: int, first: int = FIRST_FEATURES) -> tuple[int, ...]:
    """Return the channels of each stage, from the finest to the coarsest: `first`, doubling, at most 512."""
    return tuple(min(first * 2**stage, MOST_FEATURES) for stage in range(n_stages))


def shrunk(patch: HeightWidth, strides: Strides, median: tuple[float, float]) -> HeightWidth:
    """Return a patch one step smaller along the axis that is longest relative to the images, the last of equals.

    The step is what the patch after a whole step would have to be a multiple of: 256 goes to 224, not to 192.

    Args:
        patch: height and width in pixels.
        strides: those of its topology.
        median: height and width of the median image in pixels.
    """
    axis = 0 if patch[0] / median[0] > patch[1] / median[1] else 1
    coarse = list(patch)
    coarse[axis] -= multiple(strides)[axis]
    _, coarse_strides = topology((coarse[0], coarse[1]))
    fine = list(patch)
    fine[axis] -= multiple(coarse_strides)[axis]
    return fine[0], fine[1]


def feature_elements(patch: HeightWidth, strides: Strides, n_classes: int, first: int = FIRST_FEATURES) -> int:
    """Return how many elements the network's convolutions put out for one patch: nnU-Net's measure of memory.

    Every stage convolves on the way down; all but the coarsest also upsample and convolve on the way up; one map a
    class follows at full resolution.

    Args:
        patch: height and width in pixels, multiples of the product of the strides.
        strides: of each stage, from the finest to the coarsest.
        n_classes: maps of the output.
        first: channels of the finest stage.
    """
    height, width = patch
    elements = n_classes * height * width
    for stage, ((down, right), channels) in enumerate(
        zip(strides, features(len(strides), first), strict=True), start=1
    ):
        height, width = height // down, width // right
        n_outputs = CONVOLUTIONS if stage == len(strides) else 2 * CONVOLUTIONS + 1
        elements += n_outputs * channels * height * width
    return elements
