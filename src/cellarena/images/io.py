"""Reading and writing images: full bit depth in, nothing half-written out, limits checked before memory is taken."""

import contextlib
import hashlib
import io
import struct
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tifffile
from PIL import Image as Pillow

from cellarena.faults import IntegrityError, SecurityError
from cellarena.images.picture import MAX_PIXELS, Choice, Image, Picture

LabelImage = npt.NDArray[Any]

TIFF_SUFFIXES = frozenset({".tif", ".tiff"})
IMAGE_SUFFIXES = TIFF_SUFFIXES | {".png", ".bmp", ".jpg", ".jpeg"}
# What tifffile and Pillow raise on damaged files.
_UNREADABLE = (ValueError, OSError, KeyError, IndexError, TypeError, struct.error, SyntaxError, RuntimeError)
_MAX_DESCRIPTION = 65_536
_PILLOW_MODES = frozenset({"1", "L", "P", "RGB", "RGBA", "LA", "I", "I;16", "I;16B", "CMYK"})


def read_image(path: Path, max_pixels: int = MAX_PIXELS) -> Image:
    """Return the pixels of an image file as they are: no scaling, no conversion of bit depth.

    A palette becomes RGB, but the colour table of a TIFF is left aside, as its numbers are intensities or labels; an
    opaque alpha channel is dropped, channels come last.

    Args:
        path: a TIFF (read with tifffile), PNG, BMP or JPEG file.
        max_pixels: the largest height x width that is read.

    Returns:
        (H, W) or (H, W, C) with C in {2, 3, 4}; bool, integer or float as stored.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is empty, damaged, a stack, or of a kind that is not read.
        SecurityError: if the header declares more than `max_pixels` pixels.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise ValueError(f"{path}: the file is empty")
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise ValueError(f"{path}: not an image file this project reads ({', '.join(sorted(IMAGE_SUFFIXES))})")
    reader = _read_tiff if path.suffix.lower() in TIFF_SUFFIXES else _read_pillow
    try:
        pixels = _channels_last(reader(path, max_pixels), path)
    except (SecurityError, FileNotFoundError):
        raise
    except _UNREADABLE as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ValueError(reason if reason.startswith(str(path)) else f"{path}: cannot be read ({reason})") from error
    if pixels.size == 0:
        raise ValueError(f"{path}: shape {pixels.shape} holds no pixel; export it again")
    return pixels


def read_picture(path: Path, choice: Choice) -> Picture:
    """Return an image file's pixels as every viewer shows them, and what its container says of them."""
    pixels = read_image(path, choice.max_pixels)
    return Picture(pixels, tuple(str(c + 1) for c in range(1 if pixels.ndim == 2 else pixels.shape[2])))


def read_numbers(path: Path, choice: Choice) -> Picture:
    """Return the numbers that a file stores, whatever colours they are shown in: those of a label image."""
    return read_picture(path, choice)


def _read_tiff(path: Path, max_pixels: int) -> Image:
    with tifffile.TiffFile(path) as tiff:
        if len(tiff.series) != 1:
            raise ValueError(f"{path}: holds {len(tiff.series)} image series; export the one to use")
        series = tiff.series[0]
        if tiff.pages.first.photometric == tifffile.PHOTOMETRIC.SEPARATED:
            raise ValueError(f"{path}: colours are CMYK, for printing; save it as grey or RGB")
        shape = tuple(n for n in series.shape if n != 1) or (1, 1)
        _refuse_huge(path, int(np.prod(shape)) // (shape[-1] if len(shape) == 3 and shape[-1] <= 4 else 1), max_pixels)
        pixels = series.asarray()
        keep = series.axes.endswith("S") and pixels.ndim == 3
        return pixels if keep else _squeeze(pixels, path)


def _squeeze(pixels: Image, path: Path) -> Image:
    """Drop leading and trailing axes of length 1 until two or three remain."""
    while pixels.ndim > 2 and pixels.shape[0] == 1:
        pixels = pixels[0]
    while pixels.ndim > 2 and pixels.shape[-1] == 1:
        pixels = pixels[..., 0]
    if pixels.ndim < 2:
        raise ValueError(f"{path}: shape {pixels.shape} is no image")
    return pixels


def _read_pillow(path: Path, max_pixels: int) -> Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Pillow.DecompressionBombWarning)
        try:
            opened = Pillow.open(path)
        except Pillow.DecompressionBombError as error:
            raise SecurityError(f"{path}: {error}") from error
        with opened as image:
            _refuse_huge(path, image.width * image.height, max_pixels)
            if getattr(image, "n_frames", 1) != 1:
                raise ValueError(f"{path}: holds {image.n_frames} frames; export the one to use")  # type: ignore[attr-defined]
            if image.mode not in _PILLOW_MODES:
                raise ValueError(f"{path}: colour mode {image.mode} is not read; save it as grey or RGB")
            if image.mode in {"P", "CMYK"}:
                return np.asarray(image.convert("RGB"))
            return np.asarray(image)


def _refuse_huge(path: Path, pixels: int, limit: int) -> None:
    if pixels > limit:
        raise SecurityError(f"{path}: declares {pixels:,} pixels, more than acquire.max_pixels ({limit:,})")


def _channels_last(pixels: Image, path: Path) -> Image:
    if pixels.ndim == 3 and pixels.shape[2] > 4 and pixels.shape[0] in {2, 3, 4}:
        if pixels.shape[0] != 3:
            raise ValueError(f"{path}: shape {pixels.shape} may be a stack; export one plane, or channels last")
        raise ValueError(f"{path}: shape {pixels.shape} may be a stack of 3 or RGB; save it with channels last")
    if pixels.ndim > 3 or (pixels.ndim == 3 and pixels.shape[2] > 4):
        raise ValueError(f"{path}: shape {pixels.shape} is a stack; export one plane per file")
    if pixels.ndim == 3 and pixels.shape[2] in {2, 4}:
        alpha = pixels[..., -1]
        opaque = np.iinfo(alpha.dtype).max if np.issubdtype(alpha.dtype, np.integer) else 1
        if np.all(alpha == opaque):
            pixels = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    return pixels


def write_image(pixels: Image, path: Path, description: str | None = None) -> None:
    """Write an image as zlib-compressed TIFF; the file appears whole or not at all.

    Args:
        pixels: (H, W), or (H, W, 3) written as RGB.
        path: where to; the suffix is .tiff.
        description: ASCII text for its tag ImageDescription, which it lacks without one.
    """
    buffer = io.BytesIO()
    kind = "rgb" if pixels.ndim == 3 and pixels.shape[2] == 3 else "minisblack"
    predictable = pixels.dtype.kind in "iu" and pixels.dtype.itemsize <= 4
    tifffile.imwrite(
        buffer, pixels, photometric=kind, compression="zlib", predictor=predictable,
        metadata=None, software="", description=description,
    )  # fmt: skip
    write_bytes(buffer.getvalue(), path)


def read_description(path: Path) -> str:
    """Return the tag ImageDescription of a TIFF file; no pixel of it is read.

    Returns:
        "" if the file has none, is no TIFF or is damaged, or if the text is longer than 64 KiB: nothing that is looked
        for in it is.
    """
    try:
        with tifffile.TiffFile(path) as tiff:
            tag = tiff.pages.first.tags.get("ImageDescription")
            return str(tag.value) if tag is not None and tag.count <= _MAX_DESCRIPTION else ""
    except _UNREADABLE:
        return ""


def write_labels(labels: LabelImage, path: Path, description: str | None = None) -> None:
    """Write a label image in the narrowest unsigned type that holds its largest label, and read it back.

    Args:
        labels: (H, W) integers, at least 0.
        path: where to; the suffix is .tiff.
        description: as in `write_image`.

    Raises:
        ValueError: if a label is negative.
        IntegrityError: if what was read back differs from what was written.
    """
    if labels.size and labels.min() < 0:
        raise ValueError(f"{path}: label {labels.min()} is negative")
    largest = int(labels.max()) if labels.size else 0
    dtype = next(t for t in (np.uint16, np.uint32, np.uint64) if largest <= np.iinfo(t).max)
    write_image(labels.astype(dtype), path, description)
    if not np.array_equal(tifffile.imread(path), labels):
        raise IntegrityError(f"{path}: what was written does not read back as the same labels")


def write_png(pixels: npt.NDArray[np.uint8], path: Path) -> None:
    """Write an 8-bit (H, W) or (H, W, 3) image as PNG; the file appears whole or not at all."""
    buffer = io.BytesIO()
    Pillow.fromarray(pixels).save(buffer, format="PNG", compress_level=6)
    write_bytes(buffer.getvalue(), path)


def write_palette_png(indices: npt.NDArray[np.uint8], palette: tuple[tuple[int, int, int], ...], path: Path) -> None:
    """Write a (H, W) image of palette indices as PNG: programs read the indices, people see the colours."""
    image = Pillow.fromarray(indices, mode="P")
    image.putpalette([value for colour in palette for value in colour])
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", compress_level=6)
    write_bytes(buffer.getvalue(), path)


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file under a temporary name beside its place, then move it there.

    Raises:
        OSError: if it cannot be written, on a full disk for example; the file's name is in it, and nothing is left.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def content_sha256(pixels: Image) -> str:
    """Return the sha256 of pixel type, shape and values: the same for the same pixels in any file format."""
    header = f"{pixels.dtype.newbyteorder('<').str}{pixels.shape}".encode()
    little = np.ascontiguousarray(pixels, dtype=pixels.dtype.newbyteorder("<"))
    return hashlib.sha256(header + little.tobytes()).hexdigest()
