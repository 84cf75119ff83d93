"""From the numbers of a file to the picture that viewers show."""

from collections.abc import Callable

import numpy as np

from cellarena.images.channels import GREY, RGB, chosen
from cellarena.images.picture import Choice, Image, Picture, Stored

_TURNS: dict[int, Callable[[Image], Image]] = {
    2: lambda pixels: pixels[:, ::-1],
    3: lambda pixels: pixels[::-1, ::-1],
    4: lambda pixels: pixels[::-1],
    5: lambda pixels: pixels.swapaxes(0, 1),
    6: lambda pixels: np.rot90(pixels, -1),
    7: lambda pixels: pixels[::-1, ::-1].swapaxes(0, 1),
    8: lambda pixels: np.rot90(pixels, 1),
}
"""What makes a plane upright, by TIFF's tag Orientation (TIFF 6.0, tag 274; EXIF 2.32 has the same numbers)."""
_LYING = frozenset({5, 6, 7, 8})


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
    # A composite that a program made of a grey image is grey.
    if not choice.channels and names != RGB and pixels.ndim == 3 and (pixels == pixels[..., :1]).all():
        pixels, names = pixels[..., 0], GREY
    return _upright(pixels, names, stored)


def upright_numbers(stored: Stored) -> Picture:
    """Return a plane's numbers upright and as they are, whatever they are shown as."""
    return _upright(stored.numbers, stored.channel_names, stored)


def _upright(pixels: Image, names: tuple[str, ...], stored: Stored) -> Picture:
    """Return pixels as the container says that they lie; an orientation beyond 8 says nothing."""
    if turn := _TURNS.get(stored.orientation):
        pixels = np.ascontiguousarray(turn(pixels))
    height, width = stored.pixel_size or (0, 0)
    size = (width, height) if stored.pixel_size and stored.orientation in _LYING else stored.pixel_size
    return Picture(pixels, names, size, stored.is_lossy, stored.n_alpha)


def _inverted(numbers: Image, bits: int) -> Image:
    if numbers.dtype == bool:
        return ~numbers
    if numbers.dtype.kind == "f":
        raise ValueError("0 is white (MinIsWhite) in real numbers; save it as MinIsBlack")
    return -1 - numbers if numbers.dtype.kind == "i" else np.asarray(numbers.dtype.type(2**bits - 1) - numbers)
