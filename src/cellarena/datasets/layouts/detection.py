"""Which layout a tree of files has: the first that recognises it, or a refusal that says what to do."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from cellarena.datasets.layouts.foreign import advice, tracking
from cellarena.datasets.layouts.mask_folders import dsb_tree, masks_per_image
from cellarena.datasets.layouts.name_roles import derived_from, image_keys, is_image, stem_of
from cellarena.datasets.layouts.pairs import Findings, merged, same_names, suffix_pairs
from cellarena.datasets.layouts.parallel_folders import parallel_folders

LOOKED_FOR = (
    "images/ and labels/ side by side (or masks, gt, annotations, ...), NAME.* beside NAME_label.* (or _masks, "
    "-labelled, ...) or mask_NAME.*, NAME.jpg beside NAME.png, NAME/images/NAME.png with one binary mask per object in "
    "NAME/masks/; files are TIFF, PNG, BMP or JPEG; a manifest.csv with the columns image and label pairs any names"
)


def detect(paths: Iterable[str]) -> Findings:
    """Return what the first layout that recognises a tree finds in it.

    The layouts are tried in this order: DSB tree, a folder of masks per image, parallel folders, suffix pairs; what one
    leaves alone may be pairs for the next. Without any of them, JPEG files beside PNG files of their names are looked
    for. Hidden files are left out, and pictures that were made of an image of the tree are left alone.

    Args:
        paths: relative POSIX paths of all files of the tree; empty folders end with "/".

    Returns:
        Findings in exactly one of which a file is, or in several ambiguous lines.

    Raises:
        ValueError: if no layout recognises the tree, or it is one that is not read; the message says what to do.
    """
    seen = sorted({path for path in paths if not _is_hidden(path)})
    files = [path for path in seen if not path.endswith("/")]
    if said := tracking(files):
        raise ValueError(said)
    rest, derived = usable_images(files)
    # The folders in which no image lies, be it that they are empty.
    folders = {image: {p.rpartition("/")[0] for p in seen if is_image(p) is image} for image in (True, False)}
    empty = sorted(folders[False] - folders[True])
    detectors: tuple[Callable[[list[str]], Findings | None], ...] = (
        partial(dsb_tree, empty=empty), partial(masks_per_image, empty=empty), parallel_folders, suffix_pairs,
    )  # fmt: skip
    parts: list[Findings] = []
    for detector in detectors:
        if (found := detector(rest)) and (found.pairs or not parts):
            parts.append(found)
            rest = list(found.ignored)
    if not parts and (found := same_names(rest)):
        parts, rest = [found], list(found.ignored)
    if not parts:
        raise ValueError(advice(files) or f"no annotated image among {len(files)} files; looked for {LOOKED_FOR}")
    others = [*rest, *derived, *(path for path in files if not is_image(path))]
    layout = " and ".join(part.layout for part in parts)
    return merged(layout, [replace(part, ignored=()) for part in parts], others)


def usable_images(files: Iterable[str]) -> tuple[list[str], list[str]]:
    """Return the image files of a tree, and those that were made of another one, such as outlines of its labels."""
    images = sorted(filter(is_image, files))
    stems = {key for path in images for key in (stem_of(path), *image_keys(stem_of(path)))}
    derived = {path for path in images if derived_from(stem_of(path)) in stems}
    return [path for path in images if path not in derived], sorted(derived)


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.split("/"))
