"""Reading image files that somebody else made: each is what its name says, whole and finite."""

from pathlib import Path

import numpy as np

from cellarena.images.io import read_picture
from cellarena.images.picture import Choice, Picture

PNG_TAIL = 4096
_MAGIC = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II": "TIFF", b"MM": "TIFF", b"BM": "BMP"}
FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP"}
"""The format that a file's suffix names."""


def refuse_misnamed(path: Path) -> None:
    """Do nothing if a file's content is of the kind that its name says, and has its end.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is of another format than its name says, lacks its end, is a folder or cannot be opened.
    """
    try:
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(max(0, path.stat().st_size - PNG_TAIL))
            tail = file.read()
    except IsADirectoryError as error:
        raise ValueError(f"{path}: a folder; name an image file") from error
    except PermissionError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
    found = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    promised = FORMATS.get(path.suffix.lower(), found)
    if found not in {None, promised}:
        raise ValueError(f"{path}: is a {found} file by its content; rename it or export it as {promised}")
    if found == "PNG" and b"IEND" not in tail:
        raise ValueError(f"{path}: the PNG file lacks its end; copy or export it again")


def read_finite(path: Path, choice: Choice) -> Picture:
    """Return what `read_picture` does, if the content of the file is what its suffix says, whole and finite.

    Raises:
        FileNotFoundError, ValueError, SecurityError: as `refuse_misnamed` and `read_picture`; ValueError also if the
            pixels are no integers or real numbers, or one is NaN or infinite.
    """
    refuse_misnamed(path)
    picture = read_picture(path, choice)
    pixels = picture.pixels
    if pixels.dtype.kind not in "biuf":
        raise ValueError(f"{path}: pixels of type {pixels.dtype}; save them as integers or real numbers")
    if pixels.dtype.kind == "f" and (n_undefined := int(np.count_nonzero(~np.isfinite(pixels)))):
        raise ValueError(f"{path}: {n_undefined} pixel values are NaN or infinite; replace them")
    return picture
