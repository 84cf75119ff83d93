"""Reading one picture of a TIFF file as its own tags and headers say that it lies there."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from cellarena.images.axes import COLUMN, ROW, SAMPLE, Place, find_picture
from cellarena.images.channels import RGB, names_of
from cellarena.images.lossiness import is_lossy
from cellarena.images.ome import OmeHeader, read_ome
from cellarena.images.picture import Choice, Image, Pick, PixelSize, Stored
from cellarena.images.pixel_sizes import of_resolution
from cellarena.images.sizes import refuse_huge

# What it warns of is refused here, or made good.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)

_PHOTOMETRIC, _ORIENTATION, _X_RESOLUTION, _Y_RESOLUTION, _UNIT = 262, 274, 282, 283, 296
_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _YCBCR, _JPEG = 0, 1, 2, 3, 6, 7
_FAX = frozenset({2, 3, 4, 32771})
_UNITS = {2: "inch", 3: "cm"}
_ALPHA = frozenset({1, 2})
_CLASSIC_LIMIT = 2**32
_HEAD = 4096


def read_tiff(path: Path, choice: Choice, pick: Pick) -> Stored:
    """Return the wanted plane of a TIFF file.

    Raises:
        ValueError: if there are several pictures, or the file is not what its headers say.
        SecurityError: if a plane has more than `choice.max_pixels` pixels.
    """
    with tifffile.TiffFile(path) as tiff:
        header = read_ome(tiff.pages.first.description, path.name)
        if not (header and header.is_of_a_set) and _is_whole(tiff, choice):
            return _stored(tiff, header, choice, pick)
    # Pages as they come: a header that describes other files, or more planes than there are, is left aside.
    with tifffile.TiffFile(path, is_ome=False, is_imagej=False, is_shaped=False) as tiff:
        return _stored(tiff, header, choice, pick)


def _is_whole(tiff: tifffile.TiffFile, choice: Choice) -> bool:
    """Return whether the file has a directory for each plane that its header counts.

    Raises:
        ValueError: if it has one directory where an ImageJ header counts more planes: what follows the first may be
            anything. Only files beyond 4 GiB are written so.
    """
    if len(tiff.series) != 1:
        return True
    series = tiff.series[0]
    n_planes = int(np.prod(series.shape)) // max(int(np.prod(series.keyframe.shape)), 1)
    n_pages = len(tiff.pages) if n_planes > 1 else 1
    if series.kind not in {"ome", "imagej", "shaped"} or n_planes <= n_pages:
        return True
    if series.kind == "ome" or tiff.filehandle.size >= _CLASSIC_LIMIT:
        return series.kind != "ome"
    if 1 not in {choice.z, choice.t}:
        raise ValueError(
            f"its header speaks of {n_planes} planes, but it has the directory of {n_pages}: save it again with the "
            "program that made it, or take the first plane with acquire.plane (z: 1)"
        )
    return False


def _stored(tiff: tifffile.TiffFile, header: OmeHeader | None, choice: Choice, pick: Pick) -> Stored:
    if len(tiff.series) != 1:
        raise ValueError(f"holds {len(tiff.series)} image series; export the one to use")
    series, page = tiff.series[0], tiff.series[0].keyframe
    photometric = _photometric(page)
    axes = series.axes
    if header and header.is_of_a_set and axes[:1] == "I":
        axes = header.own_axis(len(tiff.pages)) + axes[1:]
    place = find_picture(axes, series.shape, choice)
    refuse_huge(_side(place, series.shape, ROW) * _side(place, series.shape, COLUMN), choice.max_pixels)
    n_stored = 1 if place.channel is None else series.shape[place.channel]
    base = _without_alpha(place, page, n_stored)
    names = _names(tiff, header, len(base), photometric if place.axes[place.channel or 0] == SAMPLE else _BLACK_IS_0)
    picked = pick(names)
    numbers = _read(tiff, place, [base[channel] for channel in picked])
    return Stored(
        numbers,
        tuple(names[channel] for channel in picked),
        is_inverted=photometric == _WHITE_IS_0,
        bits=int(np.max(page.bitspersample)),
        orientation=int(page.tags.valueof(_ORIENTATION, 1)),
        pixel_size=header.pixel_size if header else _pixel_size(tiff, page),
        is_lossy=_is_lossy(tiff, page),
    )


def _photometric(page: Any) -> int:
    """Return how numbers are shown, of a file that does not say it as libtiff does.

    Raises:
        ValueError: if they are colours other than grey, RGB and those that JPEG makes RGB of.
    """
    tag = page.tags.get(_PHOTOMETRIC)
    if tag is None:
        return _WHITE_IS_0 if page.compression in _FAX else _BLACK_IS_0
    known = {_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE} | ({_YCBCR} if page.compression == _JPEG else set())
    if page.photometric not in known:
        name = getattr(page.photometric, "name", str(page.photometric))
        what = {"SEPARATED": "CMYK, for printing"}.get(name, name)
        raise ValueError(f"colours are {what}; save it as grey or RGB")
    return int(page.photometric)


def _side(place: Place, shape: Sequence[int], axis: str) -> int:
    return int(shape[place.axes.index(axis)])


def _without_alpha(place: Place, page: Any, n: int) -> list[int]:
    """Return the numbers of the channels that are none of what ExtraSamples calls alpha."""
    if place.channel is None or place.axes[place.channel] != SAMPLE:
        return list(range(n))
    first = n - len(page.extrasamples)
    return [c for c in range(n) if c < first or int(page.extrasamples[c - first]) not in _ALPHA]


def _names(tiff: tifffile.TiffFile, header: OmeHeader | None, n: int, photometric: int) -> tuple[str, ...]:
    if photometric in {_RGB, _YCBCR} and n >= len(RGB):
        return (*RGB, *names_of(n)[len(RGB) :])
    if header and header.is_of_a_set:
        return names_of(n, header.own_channel_names(len(tiff.pages)))
    labels = (tiff.imagej_metadata or {}).get("Labels", ()) if tiff.is_imagej else ()
    return names_of(n, header.channel_names if header else [str(label) for label in labels or ()])


def _read(tiff: tifffile.TiffFile, place: Place, channels: list[int]) -> Image:
    """Return the wanted channels, (H, W) or (H, W, C); no other page is read."""
    series = tiff.series[0]
    wanted = [[place.fixed[axis]] if axis in place.fixed else list(range(n)) for axis, n in enumerate(series.shape)]
    if place.channel is not None:
        wanted[place.channel] = channels
    n_outer = series.ndim - series.keyframe.ndim
    if n_outer > 0 and series.shape[n_outer:] == series.keyframe.shape and len(tiff.pages) > 1:
        found = _read_pages(tiff, wanted[:n_outer])
        wanted[:n_outer] = [list(range(n)) for n in found.shape[:n_outer]]
    else:
        _refuse_unwritten([page for page in series if page is not None])
        found = series.asarray()
    if wanted != [list(range(n)) for n in found.shape]:
        found = found[np.ix_(*wanted)]
    return _rows_columns_channels(found, place)


def _read_pages(tiff: tifffile.TiffFile, wanted: list[list[int]]) -> Image:
    """Return the pages that lie at some places along the outer axes, and no others."""
    series = tiff.series[0]
    pages = np.ravel_multi_index(np.ix_(*wanted), series.shape[: len(wanted)]).ravel().tolist()
    _refuse_unwritten([series[page] for page in pages])
    found = tiff.asarray(key=pages, series=0)
    return found.reshape(*(len(numbers) for numbers in wanted), *series.keyframe.shape)


def _rows_columns_channels(found: Image, place: Place) -> Image:
    order = [place.axes.index(ROW), place.axes.index(COLUMN), *([] if place.channel is None else [place.channel])]
    single = tuple(axis for axis in range(found.ndim) if axis not in order)
    pixels = np.transpose(found, [*order, *single]).reshape([found.shape[axis] for axis in order])
    return np.asarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)


def _refuse_unwritten(pages: Sequence[Any]) -> None:
    """Refuse strips or tiles without data: whoever wrote the file did not finish, and zeros would pass for pixels."""
    for page in pages:
        n_chunks = int(np.prod(page.chunked))
        lacking = [
            number for number, (offset, count) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=False))
            if not offset or not count
        ]  # fmt: skip
        n_lacking = len(lacking) + max(n_chunks - len(page.dataoffsets), 0)
        if n_lacking:
            kind = "tiles" if page.is_tiled else "strips"
            first = lacking[0] if lacking else len(page.dataoffsets)
            raise ValueError(
                f"{n_lacking} of its {n_chunks} {kind} were never written, the first is number {first + 1}; copy or "
                "export it again"
            )


def _is_lossy(tiff: tifffile.TiffFile, page: Any) -> bool:
    if page.compression == 1 or not page.dataoffsets:
        return False
    tiff.filehandle.seek(page.dataoffsets[0])
    return is_lossy(int(page.compression), tiff.filehandle.read(min(page.databytecounts[0], _HEAD)))


def _pixel_size(tiff: tifffile.TiffFile, page: Any) -> PixelSize | None:
    """Return what ImageJ's header, else the tags say."""
    across, down = (_rational(page.tags.valueof(tag, (0, 1))) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    described = (tiff.imagej_metadata or {}).get("unit") if tiff.is_imagej else None
    by_header = of_resolution(across, down, str(described)) if described else None
    return by_header or of_resolution(across, down, _UNITS.get(int(page.tags.valueof(_UNIT, 2)), ""))


def _rational(value: Any) -> float:
    numerator, denominator = value if isinstance(value, tuple) and len(value) == 2 else (value, 1)
    return float(numerator) / float(denominator) if denominator else 0.0
