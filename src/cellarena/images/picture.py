"""What an image file gives: its pixels as every viewer shows them, and what its container says of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cellarena.faults import SecurityError

Image = npt.NDArray[Any]
PixelSize = tuple[float, float]
"""Height and width of a pixel (µm)."""
Pick = Callable[[Sequence[str]], list[int]]
"""Which channels, counted from 0, are read of those that have these names."""

MAX_PIXELS = 400_000_000


@dataclass(frozen=True)
class Choice:
    """What is wanted of a file."""

    max_pixels: int = MAX_PIXELS
    """The largest height x width that is read."""
    channels: tuple[str, ...] = ()
    """Names, or numbers counted from 1, of the channels to use, in this order; all of them if empty."""
    learnt: tuple[tuple[str, ...], ...] = ()
    """The channels of each kind of image that a model learnt from; where none are chosen and a kind of them has names
    of its own, those are used if they are there."""
    z: int | None = None
    """Number of the plane of a stack, counted from 1; None refuses a stack."""
    t: int | None = None
    """Number of the time point of a time-lapse, counted from 1; None refuses one."""

    def refuse_huge(self, n_pixels: int) -> None:
        """Do nothing if an image does not declare too many pixels, else raise SecurityError."""
        if n_pixels > self.max_pixels:
            raise SecurityError(f"declares {n_pixels:,} pixels, more than acquire.max_pixels ({self.max_pixels:,})")


@dataclass(frozen=True)
class Stored:
    """The channels of one plane as its bytes say them, and what the container says of how they are shown."""

    numbers: Image  # (H, W), or (H, W, C) with C at least 2; alpha is left out
    channel_names: tuple[str, ...]
    palette: npt.NDArray[np.uint8] | None = None  # (n, 3), the colours that the numbers stand for
    is_inverted: bool = False  # whether 0 is white
    bits: int = 8  # per number, as the container says; 16 for a camera's 12 bits in 16
    orientation: int = 1  # 1 to 8 as in EXIF and TIFF; 1 is upright
    pixel_size: PixelSize | None = None  # of the plane as it is stored; None if nothing believable is said
    is_lossy: bool = False  # whether the compression changed the numbers
    n_alpha: int = 0  # channels of alpha that were left out


@dataclass(frozen=True)
class Picture:
    """An upright image without alpha, high values bright."""

    pixels: Image  # (H, W), or (H, W, C) with C at least 2, in the type that is stored
    channel_names: tuple[str, ...]  # the container's own, else "grey", "red", "green", "blue" or a number
    pixel_size: PixelSize | None = None  # None if the container says nothing believable
    is_lossy: bool = False  # whether the values were changed when they were stored
    n_alpha: int = 0  # channels of alpha that were left out
