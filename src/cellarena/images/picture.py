"""What an image file gives: its pixels as every viewer shows them, and what its container says of them."""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

Image = npt.NDArray[Any]

MAX_PIXELS = 400_000_000


@dataclass(frozen=True)
class Choice:
    """What is wanted of a file.

    Attributes:
        max_pixels: the largest height x width that is read.
        channels: names, or numbers counted from 1, of the channels to use, in this order; all of them if empty.
        z: number of the plane of a stack, counted from 1; None refuses a stack.
        t: number of the time point of a time-lapse, counted from 1; None refuses one.
    """

    max_pixels: int = MAX_PIXELS
    channels: tuple[str, ...] = ()
    z: int | None = None
    t: int | None = None


@dataclass(frozen=True)
class Picture:
    """An upright image without alpha, high values bright.

    Attributes:
        pixels: (H, W), or (H, W, C) with C at least 2, in the type that is stored.
        channel_names: a name for each channel: the container's own, else "grey", "red", "green", "blue" or a number.
        pixel_size: height and width of a pixel (µm), None if the container says nothing that can be believed.
        is_lossy: whether the values were changed when they were stored.
    """

    pixels: Image
    channel_names: tuple[str, ...]
    pixel_size: tuple[float, float] | None = None
    is_lossy: bool = False
