"""From the numbers of a file to the picture that viewers show."""

import numpy as np

from cellarena.images.channels import GREY, RGB, chosen
from cellarena.images.containers.orientation import is_lying, upright
from cellarena.images.picture import Choice, Image, Picture, PixelSize, Stored


def shown(stored: Stored, choice: Choice) -> Picture:
    """Return a plane as viewers show it: colours for a palette's numbers, white high, upright.

    Raises:
        ValueError: if 0 is white in real numbers, whose largest nobody knows, or a colour is chosen that is not there.
    """
    pixels, names = stored.numbers, stored.channel_names
    if stored.palette is not None:
        picked = chosen(RGB, choice)
        pixels = stored.palette[pixels][..., picked if len(picked) > 1 else picked[0]]
        names = tuple(RGB[channel] for channel in picked)
    if stored.is_inverted:
        pixels = _inverted(pixels, stored.bits)
    if not choice.channels and names != RGB and _are_copies(pixels):
        pixels, names = pixels[..., 0], GREY
    return Picture(upright(pixels, stored.orientation), names, _shown_size(stored), stored.is_lossy, stored.n_alpha)


def _are_copies(pixels: Image) -> bool:
    """Return whether several channels are one, as in a composite that a program made of a grey image."""
    return pixels.ndim == 3 and all(np.array_equal(pixels[..., 0], pixels[..., c]) for c in range(1, pixels.shape[2]))


def upright_numbers(stored: Stored) -> Picture:
    """Return a plane's numbers upright and as they are, whatever they are shown as."""
    numbers = upright(stored.numbers, stored.orientation)
    return Picture(numbers, stored.channel_names, _shown_size(stored), stored.is_lossy, stored.n_alpha)


def _inverted(numbers: Image, bits: int) -> Image:
    if numbers.dtype == bool:
        return ~numbers
    if numbers.dtype.kind == "f":
        raise ValueError("0 is white (MinIsWhite) in real numbers; save it as MinIsBlack")
    if numbers.dtype.kind == "i":
        return -1 - numbers
    return np.asarray(numbers.dtype.type(2**bits - 1) - numbers)


def _shown_size(stored: Stored) -> PixelSize | None:
    if stored.pixel_size is None or not is_lying(stored.orientation):
        return stored.pixel_size
    height, width = stored.pixel_size
    return width, height
