"""The physical size of a pixel, from what containers write of it."""

import math

from cellarena.images.picture import PixelSize

_MICROMETRES = {
    "pm": 1e-6, "å": 1e-4, "nm": 1e-3, "um": 1.0, "µm": 1.0, "μm": 1.0, "micron": 1.0, "microns": 1.0,
    "micrometer": 1.0, "micrometre": 1.0, "mm": 1e3, "cm": 1e4, "dm": 1e5, "m": 1e6, "inch": 25_400.0, "in": 25_400.0,
}  # fmt: skip
_OF_PRINTERS = frozenset({"inch", "in", "cm", "m"})
_LARGEST = 5.0
"""µm: resolutions of 72 to 2,400 dpi are a printer's, which programs write without being asked; a microscope's pixel
is smaller than those."""


def in_micrometres(length: float, unit: str) -> float | None:
    """Return a length in µm, None if it is not finite and above 0, or its unit none of length.

    `unit` is such as "um", "micron", "nm", also escaped as ImageJ writes it.
    """
    factor = _MICROMETRES.get(unit.replace("\\u00B5", "µ").replace("\\u00b5", "µ").strip().lower())
    side = length * factor if factor else math.nan
    return side if math.isfinite(side) and side > 0 else None


def of_resolution(across: float, down: float, unit: str) -> PixelSize | None:
    """Return the sides of pixels of which so many per unit lie in a row and in a column.

    None if it says nothing, or can only be a printer's resolution.
    """
    if not (across > 0 and down > 0):
        return None
    height, width = in_micrometres(1 / down, unit), in_micrometres(1 / across, unit)
    is_printed = unit.strip().lower() in _OF_PRINTERS and max(height or 0, width or 0) > _LARGEST
    return None if height is None or width is None or is_printed else (height, width)
