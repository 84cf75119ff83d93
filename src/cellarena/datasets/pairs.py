"""Reading one pair of files into an image and its label image, and saying what is wrong with it."""

from pathlib import Path

import numpy as np

from cellarena.datasets.label_checks import as_label_image, place_masks
from cellarena.datasets.layouts import Pair
from cellarena.images.io import Image, LabelImage, read_image

PNG_TAIL = 4096
_MAGIC = {b"\x89PNG": "PNG", b"\xff\xd8\xff": "JPEG", b"II": "TIFF", b"MM": "TIFF", b"BM": "BMP"}
_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".tif": "TIFF", ".tiff": "TIFF", ".bmp": "BMP"}


def read_pair(root: Path, pair: Pair, max_pixels: int) -> tuple[Image, LabelImage]:
    """Return the image and the label image of a pair.

    Args:
        root: the folder that the pair's paths are relative to.
        pair: an image and its label image, or its binary masks, one per object.
        max_pixels: the largest height x width that is read.

    Returns:
        The image, (H, W) or (H, W, C) as stored; the labels, (H, W) integers, never narrowed.

    Raises:
        ValueError: if a file is damaged or misnamed, the image holds NaN, the labels are no label image, or sizes
            differ; every problem of the pair is a line of the message.
        SecurityError: if a file declares more than `max_pixels` pixels.
    """
    problems = []
    image = labels = None
    try:
        image = read_finite(root / pair.image, max_pixels)
    except ValueError as error:
        problems.append(_relative(error, root))
    try:
        labels = _read_labels(root, pair, max_pixels)
    except ValueError as error:
        problems.append(_relative(error, root))
    if image is not None and labels is not None and image.shape[:2] != labels.shape:
        problems.append(_size_mismatch(pair, image.shape[:2], labels.shape))
    if image is None or labels is None or problems:
        raise ValueError("\n".join(problems))
    return image, labels


def read_finite(path: Path, max_pixels: int) -> Image:
    """Return the pixels of an image as `read_image` does, if its content is what its suffix says, whole and finite.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it cannot be read, is of another format than its name says, or holds NaN or infinity.
        SecurityError: if the header declares more than `max_pixels` pixels.
    """
    image = _read(path, max_pixels)
    if image.dtype.kind not in "biuf":
        raise ValueError(f"{path}: pixels of type {image.dtype}; save them as integers or real numbers")
    if image.dtype.kind == "f" and not np.isfinite(image).all():
        n_undefined = int(np.count_nonzero(~np.isfinite(image)))
        raise ValueError(f"{path}: {n_undefined} pixel values are NaN or infinite; replace them")
    return image


def _read_labels(root: Path, pair: Pair, max_pixels: int) -> LabelImage:
    for path in pair.labels:
        if _FORMATS.get(Path(path).suffix.lower()) == "JPEG":
            raise ValueError(f"{path}: labels as JPEG, which changes values; export them as PNG or TIFF")
    if pair.kind == "masks":
        return place_masks((path, _read(root / path, max_pixels)) for path in pair.labels)
    path = pair.labels[0]
    pixels = _read(root / path, max_pixels)
    try:
        return as_label_image(pixels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error


def _read(path: Path, max_pixels: int) -> Image:
    """Read an image file whose content is of the kind that its name says, and that has its end."""
    try:
        head, tail = _ends(path)
    except PermissionError as error:
        raise ValueError(f"{path}: cannot be read ({error.strerror}); make it readable") from error
    found = next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    promised = _FORMATS.get(path.suffix.lower(), found)
    if found not in {None, promised}:
        raise ValueError(f"{path}: is a {found} file by its content; rename it or export it as {promised}")
    if found == "PNG" and b"IEND" not in tail:
        raise ValueError(f"{path}: the PNG file lacks its end; copy or export it again")
    return read_image(path, max_pixels)


def _ends(path: Path) -> tuple[bytes, bytes]:
    with path.open("rb") as file:
        head = file.read(4)
        file.seek(max(0, path.stat().st_size - PNG_TAIL))
        return head, file.read()


def _size_mismatch(pair: Pair, image: tuple[int, ...], labels: tuple[int, ...]) -> str:
    hint = "; the labels are transposed" if image == labels[::-1] else "; export the labels at the image's size"
    return f"{pair.labels[0]}: labels are {labels[0]} x {labels[1]}, {pair.image} is {image[0]} x {image[1]}{hint}"


def _relative(error: ValueError, root: Path) -> str:
    return str(error).replace(f"{root}/", "")
