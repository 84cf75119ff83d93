"""What the tags and headers of a TIFF file say of its numbers."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tifffile

from cellarena.images.channels import RGB, names_of
from cellarena.images.containers.axes import SAMPLE, Place
from cellarena.images.containers.lossiness import is_lossy
from cellarena.images.containers.ome import OmeHeader
from cellarena.images.containers.pixel_sizes import of_resolution
from cellarena.images.picture import PixelSize

WHITE_IS_0, BLACK_IS_0 = 0, 1
_RGB, _PALETTE, _YCBCR, _JPEG = 2, 3, 6, 7
_PHOTOMETRIC, _X_RESOLUTION, _Y_RESOLUTION, _UNIT = 262, 282, 283, 296
_FAX = frozenset({2, 3, 4, 32771})
_UNITS = {2: "inch", 3: "cm"}
_ALPHA = frozenset({1, 2})
_HEAD = 4096


def photometric_of(page: Any) -> int:
    """Return how numbers are shown, of a file that does not say it as libtiff does.

    Raises:
        ValueError: if they are colours other than grey, RGB and those that JPEG makes RGB of.
    """
    tag = page.tags.get(_PHOTOMETRIC)
    if tag is None:
        return WHITE_IS_0 if page.compression in _FAX else BLACK_IS_0
    known = {WHITE_IS_0, BLACK_IS_0, _RGB, _PALETTE} | ({_YCBCR} if page.compression == _JPEG else set())
    if page.photometric not in known:
        name = getattr(page.photometric, "name", str(page.photometric))
        what = {"SEPARATED": "CMYK, for printing"}.get(name, name)
        raise ValueError(f"colours are {what}; save it as grey or RGB")
    return int(page.photometric)


def without_alpha(place: Place, page: Any, n: int) -> list[int]:
    """Return the numbers of the channels that are none of what ExtraSamples calls alpha."""
    first = n - len(page.extrasamples) if _are_samples(place) else n
    return [c for c in range(n) if c < first or int(page.extrasamples[c - first]) not in _ALPHA]


def _are_samples(place: Place) -> bool:
    return place.channel is not None and place.axes[place.channel] == SAMPLE


def channel_names(
    tiff: tifffile.TiffFile, header: OmeHeader | None, place: Place, n: int, photometric: int
) -> tuple[str, ...]:
    """Return the names of n channels: colours for samples of RGB, else what OME's or ImageJ's header calls them."""
    if _are_samples(place) and photometric in {_RGB, _YCBCR} and n >= len(RGB):
        return (*RGB, *names_of(n)[len(RGB) :])
    if header and header.is_of_a_set:
        return names_of(n, header.own_channel_names(len(tiff.pages)))
    labels = (tiff.imagej_metadata or {}).get("Labels", ()) if tiff.is_imagej else ()
    return names_of(n, header.channel_names if header else [str(label) for label in labels or ()])


def refuse_unwritten(pages: Sequence[Any]) -> None:
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


def was_lossy(tiff: tifffile.TiffFile, page: Any) -> bool:
    """Return whether the compression of a page changed its numbers."""
    if page.compression == 1 or not page.dataoffsets:
        return False
    tiff.filehandle.seek(page.dataoffsets[0])
    return is_lossy(int(page.compression), tiff.filehandle.read(min(page.databytecounts[0], _HEAD)))


def pixel_size_of(tiff: tifffile.TiffFile, page: Any) -> PixelSize | None:
    """Return what ImageJ's header, else the tags say."""
    across, down = (_rational(page.tags.valueof(tag, (0, 1))) for tag in (_X_RESOLUTION, _Y_RESOLUTION))
    described = (tiff.imagej_metadata or {}).get("unit") if tiff.is_imagej else None
    by_header = of_resolution(across, down, str(described)) if described else None
    return by_header or of_resolution(across, down, _UNITS.get(int(page.tags.valueof(_UNIT, 2)), ""))


def _rational(value: Any) -> float:
    numerator, denominator = value if isinstance(value, tuple) and len(value) == 2 else (value, 1)
    return float(numerator) / float(denominator) if denominator else 0.0
