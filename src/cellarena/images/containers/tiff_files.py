"""Reading one picture of a TIFF file as its own tags and headers say that it lies there."""

import logging
from pathlib import Path

import numpy as np
import tifffile

from cellarena.images.containers.axes import COLUMN, ROW, Place, find_picture
from cellarena.images.containers.ome import OmeHeader, read_ome
from cellarena.images.containers.tiff_facts import (
    WHITE_IS_0,
    channel_names,
    photometric_of,
    pixel_size_of,
    refuse_unwritten,
    was_lossy,
    without_alpha,
)
from cellarena.images.picture import Choice, Image, Pick, Stored

# What it warns of is refused here, or made good.
logging.getLogger("tifffile").setLevel(logging.CRITICAL)

_ORIENTATION = 274
_CLASSIC_LIMIT = 2**32
_REDUCED_OR_MASK = 1 | 4
_SAMPLES = 4  # that a pixel may have without counting more than once


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
    series = _series(tiff)
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
    series = _series(tiff)
    page = series.keyframe
    photometric = photometric_of(page)
    axes = series.axes
    if header and header.is_of_a_set and axes[:1] == "I":
        axes = header.own_axis(len(tiff.pages)) + axes[1:]
    place = find_picture(axes, series.shape, choice)
    _refuse_huge(series, place, choice)
    n_stored = 1 if place.channel is None else series.shape[place.channel]
    base = without_alpha(place, page, n_stored)
    names = channel_names(tiff, header, place, len(base), photometric)
    picked = pick(names)
    numbers = _read(tiff, series, place, [base[channel] for channel in picked])
    return Stored(
        numbers,
        tuple(names[channel] for channel in picked),
        is_inverted=photometric == WHITE_IS_0,
        bits=int(np.max(page.bitspersample)),
        orientation=int(page.tags.valueof(_ORIENTATION, 1)),
        pixel_size=(header and header.pixel_size) or pixel_size_of(tiff, page),
        is_lossy=was_lossy(tiff, page),
        n_alpha=n_stored - len(base),
    )


def _series(tiff: tifffile.TiffFile) -> tifffile.TiffPageSeries:
    """Return the pages that are the picture; those that say that they are reduced copies or masks of it are not.

    Raises:
        ValueError: if there are several pictures.
    """
    found = [series for series in tiff.series if not int(series.keyframe.subfiletype) & _REDUCED_OR_MASK]
    if len(found) != 1:
        raise ValueError(f"holds {len(found)} image series; export the one to use")
    return found[0]


def _refuse_huge(series: tifffile.TiffPageSeries, place: Place, choice: Choice) -> None:
    """Refuse a plane of too many pixels, also one of few whose page holds a great many samples of each."""
    height, width = (int(series.shape[place.axes.index(axis)]) for axis in (ROW, COLUMN))
    n_at_once = int(np.prod(series.keyframe.shape if _is_read_by_page(series) else series.shape))
    choice.refuse_huge(max(height * width, n_at_once // _SAMPLES))


def _is_read_by_page(series: tifffile.TiffPageSeries) -> bool:
    """Return whether a plane is some of the pages, each of which has a directory of its own."""
    outer = series.ndim - series.keyframe.ndim
    return outer > 0 and series.shape[outer:] == series.keyframe.shape and len(series) > 1


def _read(tiff: tifffile.TiffFile, series: tifffile.TiffPageSeries, place: Place, channels: list[int]) -> Image:
    """Return the wanted channels, (H, W) or (H, W, C); no other page is read."""
    wanted = [[place.fixed[axis]] if axis in place.fixed else list(range(n)) for axis, n in enumerate(series.shape)]
    if place.channel is not None:
        wanted[place.channel] = channels
    if _is_read_by_page(series):
        outer = wanted[: series.ndim - series.keyframe.ndim]
        pages = np.ravel_multi_index(np.ix_(*outer), series.shape[: len(outer)]).ravel().tolist()
        refuse_unwritten([series[page] for page in pages])
        found = tiff.asarray(key=pages, series=series)
        found = found.reshape(*(len(numbers) for numbers in outer), *series.keyframe.shape)
        wanted[: len(outer)] = [list(range(n)) for n in found.shape[: len(outer)]]
    else:
        refuse_unwritten([page for page in series if page is not None])
        found = series.asarray()
    if wanted != [list(range(n)) for n in found.shape]:
        found = found[np.ix_(*wanted)]
    order = [place.axes.index(ROW), place.axes.index(COLUMN), *([] if place.channel is None else [place.channel])]
    single = tuple(axis for axis in range(found.ndim) if axis not in order)
    pixels = np.transpose(found, [*order, *single]).reshape([found.shape[axis] for axis in order])
    return np.asarray(pixels[..., 0] if pixels.ndim == 3 and pixels.shape[2] == 1 else pixels)
