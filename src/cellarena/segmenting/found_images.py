"""Which images a user means, and where what is made of them is written."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from cellarena.datasets.names import listed
from cellarena.images.io import IMAGE_SUFFIXES
from cellarena.images.origins import read_origin

_LONGEST = 255 - len(".tiff.partial")


def find_images(paths: Iterable[Path], out: Path) -> list[Path]:
    """Return the image files that are named, and those that lie in the folders that are, sorted.

    Args:
        paths: files, and folders whose image files are meant but not those of folders in them.
        out: the folder to write to.

    Raises:
        ValueError: if there is no image, two would be written to one file, a name cannot be written, or what would be
            written over was not written by this program.
    """
    found = sorted({image for path in paths for image in _images(path, out)})
    if not found:
        raise ValueError(f"no image in {listed(map(str, paths))}; read are {', '.join(sorted(IMAGE_SUFFIXES))}")
    owners: dict[str, list[str]] = defaultdict(list)
    for image in found:
        owners[unicodedata.normalize("NFC", _stem(image)).casefold()].append(str(image))
    if clashes := [images for images in owners.values() if len(images) > 1]:
        pairs = listed(" and ".join(images) for images in clashes)
        raise ValueError(f"label images would share a name: {pairs}; segment them into folders of their own with -o")
    for image in found:
        target = label_file(image, out)
        if target.exists() and (target.resolve() == image.resolve() or read_origin(target) is None):
            raise ValueError(
                f"{target}: is there and was not written by `cellarena segment`; name another folder with -o"
            )
    return found


def _images(path: Path, out: Path) -> Iterator[Path]:
    if path.is_dir():
        if path.resolve() == out.resolve():
            raise ValueError(f"{path}: images are read from there; name another folder for their label images with -o")
        # Names with a dot in front are those that file managers leave beside images.
        inside = (p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith("."))
        # A link whose drive is not mounted is an image that cannot be segmented, not one that is not there.
        yield from (p for p in inside if p.is_file() or _dangles(p))
    elif path.is_file() or _dangles(path):
        yield path
    else:
        raise ValueError(f"{path}: neither a file nor a folder")


def _dangles(path: Path) -> bool:
    return path.is_symlink() and not path.exists()


def _stem(image: Path) -> str:
    """Return the name that the outputs of an image have.

    Raises:
        ValueError: if tables and files cannot have it.
    """
    name = image.name
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in name):
        raise ValueError(f"{name!r}: holds control characters or is no UTF-8; rename it")
    if len(image.stem.encode()) > _LONGEST:
        raise ValueError(f"{name}: the name is too long to write beside; rename it")
    return image.stem


def label_file(image: Path, out: Path) -> Path:
    """Return where the label image of an image is written."""
    return out / f"{image.stem}.tiff"


def overlay_file(image: Path, out: Path) -> Path:
    """Return where the overlay of an image is written."""
    return out / "overlays" / f"{image.stem}.png"
