"""What an image file gives: its pixels as every viewer shows them, and what its container says of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[Any]
PixelSize = tuple[float, float]
"""Height and width of a pixel (µm)."""

MAX_PIXELS = 400_000_000


@dataclass(frozen=True)
class Choice:
    """What is wanted of a file.

    Attributes:
        max_pixels: the largest height x width that is read.
        channels: names, or numbers counted from 1, of the channels to use, in this order; all of them if empty.
        learnt: names of the channels of each kind of image that a model learnt from; where none are chosen, those of
            one kind are used that has names of its own, if they are there.
        z: number of the plane of a stack, counted from 1; None refuses a stack.
        t: number of the time point of a time-lapse, counted from 1; None refuses one.
    """

    max_pixels: int = MAX_PIXELS
    channels: tuple[str, ...] = ()
    learnt: tuple[tuple[str, ...], ...] = ()
    z: int | None = None
    t: int | None = None


Pick = Callable[[Sequence[str]], list[int]]
"""Which channels, counted from 0, are read of those that have these names."""


@dataclass(frozen=True)
class Stored:
    """The channels of one plane as its bytes say them, and what the container says of how they are shown.

    Attributes:
        numbers: (H, W), or (H, W, C) with C at least 2; alpha is left out.
        channel_names: a name for each channel.
        palette: (n, 3) uint8, the colours that the numbers stand for; None if they are intensities.
        is_inverted: whether 0 is white.
        bits: per number, as the container says; 16 for a camera's 12 bits in 16.
        orientation: 1 to 8 as in EXIF and TIFF; 1 is upright.
        pixel_size: of the plane as it is stored; None if nothing that can be believed is said.
        is_lossy: whether the compression changed the numbers.
        n_alpha: how many channels of alpha were left out.
    """

    numbers: Image
    channel_names: tuple[str, ...]
    palette: npt.NDArray[np.uint8] | None = None
    is_inverted: bool = False
    bits: int = 8
    orientation: int = 1
    pixel_size: PixelSize | None = None
    is_lossy: bool = False
    n_alpha: int = 0


@dataclass(frozen=True)
class Picture:
    """An upright image without alpha, high values bright.

    Attributes:
        pixels: (H, W), or (H, W, C) with C at least 2, in the type that is stored.
        channel_names: a name for each channel: the container's own, else "grey", "red", "green", "blue" or a number.
        pixel_size: height and width of a pixel (µm), None if the container says nothing that can be believed.
        is_lossy: whether the values were changed when they were stored.
        n_alpha: how many channels of alpha were left out.
    """

    pixels: Image
    channel_names: tuple[str, ...]
    pixel_size: PixelSize | None = None
    is_lossy: bool = False
    n_alpha: int = 0
