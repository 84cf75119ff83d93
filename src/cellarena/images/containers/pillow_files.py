"""Reading PNG, JPEG and BMP files as their headers say, with Pillow or, where it would cut numbers, without."""

import warnings
from pathlib import Path

import imagecodecs
import numpy as np
from PIL import Image as Pillow

from cellarena.faults import SecurityError
from cellarena.images.channels import GREY, RGB
from cellarena.images.containers.pixel_sizes import of_resolution
from cellarena.images.picture import Choice, Image, Pick, Stored

_ORIENTATION = 0x0112
_N_COLOURS = {"1": 1, "L": 1, "LA": 1, "I": 1, "I;16": 1, "I;16B": 1, "P": 1, "PA": 1, "RGB": 3, "RGBA": 3, "CMYK": 3}
_PNG_BITS, _PNG_KIND = 24, 25
_PNG_RGB, _PNG_GREY_ALPHA, _PNG_RGB_ALPHA = 2, 4, 6


def read_with_pillow(path: Path, choice: Choice, pick: Pick) -> Stored:
    """Return the picture of a PNG, JPEG or BMP file; of a JPEG that holds previews beside it the picture itself.

    Raises:
        ValueError: if it is damaged, holds several frames, or colours that are not read.
        SecurityError: if it has more than `choice.max_pixels` pixels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        try:
            opened = Pillow.open(path)
        except Pillow.DecompressionBombError as error:
            raise SecurityError(str(error)) from error
        with opened as image:
            choice.refuse_huge(image.width * image.height)
            n_frames = getattr(image, "n_frames", 1)
            if n_frames != 1 and image.format != "MPO":
                raise ValueError(f"holds {n_frames} frames; export the one to use")
            if image.mode not in _N_COLOURS:
                raise ValueError(f"colour mode {image.mode} is not read; save it as grey or RGB")
            return _stored(image, path, pick)


def _stored(image: Pillow.Image, path: Path, pick: Pick) -> Stored:
    bits, kind = _png_header(path) if image.format == "PNG" else (1 if image.mode == "1" else 8, -1)
    # Of a PNG with 16 bits in several channels Pillow keeps 8.
    if bits == 16 and kind in {_PNG_RGB, _PNG_GREY_ALPHA, _PNG_RGB_ALPHA}:
        numbers = imagecodecs.png_decode(path.read_bytes())
    else:
        numbers = np.asarray(image.convert("RGB") if image.mode == "CMYK" else image)
    names = RGB if _N_COLOURS[image.mode] == len(RGB) and kind != _PNG_GREY_ALPHA else GREY
    palette = _palette(image) if image.mode in {"P", "PA"} else None
    picked = pick(names) if palette is None else [0]
    across, down = map(float, image.info.get("dpi", (0, 0)))
    return Stored(
        _channels(numbers, picked),
        tuple(names[channel] for channel in picked),
        palette=palette,
        bits=bits,
        orientation=int(image.getexif().get(_ORIENTATION, 1)),
        pixel_size=of_resolution(across, down, "inch"),
        is_lossy=image.format in {"JPEG", "MPO"},
        n_alpha=0 if numbers.ndim == 2 else numbers.shape[2] - len(names),
    )


def _png_header(path: Path) -> tuple[int, int]:
    """Return bits and kind of colour that a PNG declares."""
    with path.open("rb") as file:
        head = file.read(_PNG_KIND + 1)
    return head[_PNG_BITS], head[_PNG_KIND]


def _channels(numbers: Image, picked: list[int]) -> Image:
    """Return the chosen colours; what follows the colours is alpha."""
    if numbers.ndim == 2 or picked == list(range(numbers.shape[2])):
        return numbers
    return numbers[..., picked if len(picked) > 1 else picked[0]]


def _palette(image: Pillow.Image) -> Image:
    """Return the colours of a palette, black for numbers that it lacks."""
    colours = np.zeros((256, 3), np.uint8)
    listed = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    colours[: len(listed)] = listed[:256]
    return colours
