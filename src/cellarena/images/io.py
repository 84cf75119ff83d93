"""Reading and writing images: full bit depth in, nothing half-written out, limits checked before memory is taken."""

import contextlib
import hashlib
import io
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image as Pillow

from cellarena.faults import IntegrityError, SecurityError
from cellarena.files import write_bytes
from cellarena.images.channels import chosen
from cellarena.images.containers.pillow_files import read_with_pillow
from cellarena.images.containers.showing import shown, upright_numbers
from cellarena.images.containers.tiff_files import read_tiff
from cellarena.images.picture import MAX_PIXELS, Choice, Image, Pick, Picture, PixelSize, Stored

LabelImage = npt.NDArray[Any]

TIFF_SUFFIXES = frozenset({".tif", ".tiff"})
IMAGE_SUFFIXES = TIFF_SUFFIXES | {".png", ".bmp", ".jpg", ".jpeg"}
# What tifffile and Pillow raise on damaged files.
_UNREADABLE = (ValueError, OSError, KeyError, IndexError, TypeError, struct.error, SyntaxError, RuntimeError)
_MAX_DESCRIPTION = 65_536
_CENTIMETRE = 10_000.0  # µm


def read_image(path: Path, max_pixels: int = MAX_PIXELS) -> Image:
    """Return the pixels of an image file, (H, W) or (H, W, C) with C in {2, 3}, of the type that is stored.

    Raises:
        FileNotFoundError, ValueError, SecurityError: as `read_picture`.
    """
    return read_picture(path, Choice(max_pixels)).pixels


def read_picture(path: Path, choice: Choice) -> Picture:
    """Return an image file's pixels as every viewer shows them, and what its container says of them.

    Turned upright, alpha dropped, MinIsWhite inverted, a palette made RGB; but the colour table of a TIFF is left
    aside, as its numbers are intensities. Bit depth is that of the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, damaged, a stack, has more than three channels without a choice or lacks a
            chosen one, or is of a kind that is not read.
        SecurityError: if the header declares more than `choice.max_pixels` pixels.
    """
    stored = _stored(path, choice, partial(chosen, choice=choice))
    with _told_of(path):
        return shown(stored, choice)


def read_numbers(path: Path, choice: Choice) -> Picture:
    """Return the numbers that a file stores, whatever colours they are shown in: those of a label image.

    Turned upright, alpha dropped; a palette's indices are the numbers, and white is not inverted.

    Raises:
        FileNotFoundError, ValueError, SecurityError: as `read_picture`.
    """
    return upright_numbers(_stored(path, choice, lambda names: list(range(len(names)))))


def _stored(path: Path, choice: Choice, pick: Pick) -> Stored:
    if path.is_dir():
        raise ValueError(f"{path}: a folder; name an image file")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise ValueError(f"{path}: not an image file this project reads ({', '.join(sorted(IMAGE_SUFFIXES))})")
    reader = read_tiff if path.suffix.lower() in TIFF_SUFFIXES else read_with_pillow
    with _told_of(path):
        stored = reader(path, choice, pick)
        if stored.numbers.size == 0:
            raise ValueError(f"shape {stored.numbers.shape} holds no pixel; export it again")
    return stored


@contextlib.contextmanager
def _told_of(path: Path) -> Iterator[None]:
    """Name the file in what is raised, in one line."""
    try:
        yield
    except SecurityError as error:
        raise SecurityError(f"{path}: {error}") from error
    except ValueError as error:
        raise ValueError(f"{path}: {' '.join(str(error).split())}") from error
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(f"{path}: cannot be read ({reason})") from error


def write_image(pixels: Image, path: Path, description: str | None = None, pixel_size: PixelSize | None = None) -> None:
    """Write an image as zlib-compressed TIFF; the file appears whole or not at all.

    Args:
        pixels: (H, W), (H, W, 3) written as RGB, or (H, W, C).
        path: where to; the suffix is .tiff.
        description: ASCII text for its tag ImageDescription, which it lacks without one.
        pixel_size: height and width of a pixel (µm), for its tags of resolution; None leaves them out.
    """
    buffer = io.BytesIO()
    kind = "rgb" if pixels.ndim == 3 and pixels.shape[2] == 3 else "minisblack"
    predictable = pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 4
    height, width = pixel_size or (None, None)
    resolution = (_CENTIMETRE / width, _CENTIMETRE / height) if height and width else None
    tifffile.imwrite(
        buffer, pixels, photometric=kind, planarconfig="contig" if pixels.ndim == 3 else None, compression="zlib",
        predictor=predictable, metadata=None, software="", description=description,
        resolution=resolution, resolutionunit=None if resolution is None else "CENTIMETER",
    )  # fmt: skip
    write_bytes(buffer.getvalue(), path)


def read_description(path: Path) -> str:
    """Return the tag ImageDescription of a TIFF file, up to 64 KiB; "" where there is none, and of a damaged file."""
    try:
        with tifffile.TiffFile(path) as tiff:
            tag = tiff.pages.first.tags.get("ImageDescription")
            return str(tag.value) if tag is not None and tag.count <= _MAX_DESCRIPTION else ""
    except _UNREADABLE:
        return ""


def write_labels(
    labels: LabelImage, path: Path, description: str | None = None, pixel_size: PixelSize | None = None
) -> None:
    """Write an (H, W) label image in the narrowest unsigned type that holds its largest label, and read it back.

    The other arguments are those of `write_image`.

    Raises:
        ValueError: if a label is negative.
        IntegrityError: if what was read back differs from what was written.
    """
    if labels.size and labels.min() < 0:
        raise ValueError(f"{path}: label {labels.min()} is negative")
    dtype = next(t for t in (np.uint16, np.uint32, np.uint64) if int(labels.max(initial=0)) <= np.iinfo(t).max)
    write_image(labels.astype(dtype), path, description, pixel_size)
    if not np.array_equal(tifffile.imread(path), labels):
        raise IntegrityError(f"{path}: what was written does not read back as the same labels")


def write_png(pixels: npt.NDArray[np.uint8], path: Path) -> None:
    """Write an 8-bit (H, W) or (H, W, 3) image as PNG; the file appears whole or not at all."""
    _write_png(Pillow.fromarray(pixels), path)


def write_palette_png(indices: npt.NDArray[np.uint8], palette: tuple[tuple[int, int, int], ...], path: Path) -> None:
    """Write a (H, W) image of palette indices as PNG: programs read the indices, people see the colours."""
    image = Pillow.fromarray(indices, mode="P")
    image.putpalette([value for colour in palette for value in colour])
    _write_png(image, path)


def _write_png(image: Pillow.Image, path: Path) -> None:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=6)
    write_bytes(buffer.getvalue(), path)


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def content_sha256(pixels: Image) -> str:
    """Return the sha256 of pixel type, shape and values: the same for the same pixels in any file format."""
    header = f"{pixels.dtype.newbyteorder('<').str}{pixels.shape}".encode()
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    return hashlib.sha256(header + little.tobytes()).hexdigest()
