"""What the name of a file or folder says: image or label image, of which stem, for train, val or test."""

import re
import unicodedata
from pathlib import PurePosixPath
from typing import Literal

from cellarena.images.io import IMAGE_SUFFIXES

IMAGE_WORDS = frozenset({"image", "images", "img", "imgs", "raw", "input", "inputs", "original", "originals", "orig"})
LABEL_WORDS = frozenset(
    {
        "label", "labels", "labelled", "labeled", "mask", "masks", "instance", "instances", "inst", "gt", "groundtruth",
        "annotation", "annotations", "annotated", "seg", "segm", "segmentation", "segmentations", "lbl", "lblimg",
        "labeling", "labelling",
    }
)  # fmt: skip
_IMAGE_FOLDERS = IMAGE_WORDS | {"source", "sources"}
_LABEL_FOLDERS = LABEL_WORDS | {"target", "targets"}
SUBSET_WORDS = {
    "train": "train", "training": "train", "val": "val", "valid": "val", "validation": "val",
    "test": "test", "testing": "test", "trainset": "train", "valset": "val", "testset": "test",
}  # fmt: skip
_SHORT_SUBSETS = {"tr": "train", "ts": "test"}
"""As in nnU-Net's imagesTr: they name a subset only beside a word that says what the folder holds."""
_DERIVED = (
    "overlays?|outlines?|flows?|contours?|previews?|thumb(?:nail)?s?|visuali[sz]ations?|viz|cellprob|dp|cp_output"
)
_SILENT = frozenset(
    {"jpeg", "jpg", "png", "tif", "tiff", "object", "objects", "set", "data", "dataset", "ground", "truth"}
)
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")
_SUFFIX = re.compile(r"\.(?:ome|tiff?|png|bmp|jpe?g)$", re.IGNORECASE)

_SEPARATOR = r"[ ._-]"
_LABEL = (
    "(?:label[_-]?(?:image|img)|masks?_instances?|ground[_-]truth|object[ _-]identities|"
    rf"(?:cp_)?(?:{'|'.join(sorted(LABEL_WORDS, reverse=True))}))"
)
_WHOSE = r"(?:cells?|nuclei|nucleus|nuclear|cellpose|stardist|omnipose|instances?|seg|manual|gt)"
_IMAGE = rf"(?:im|{'|'.join(sorted(IMAGE_WORDS))})"


def _edges(words: str) -> tuple[re.Pattern[str], ...]:
    """Return what finds words at the end of a stem, at its start or as all of it, with the rest as group 1."""
    patterns = (rf"(.+?){_SEPARATOR}{words}", rf"{words}{_SEPARATOR}(.+)", rf"{words}()")
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in patterns)


_LABEL_EDGES = _edges(_LABEL)
_WHOSE_EDGES = _edges(f"{_WHOSE}[_-]{_LABEL}")
_IMAGE_EDGES = _edges(_IMAGE)
_DERIVED_END = re.compile(rf"(.+?){_SEPARATOR}(?:{_DERIVED})(?:_cp_masks)?", re.IGNORECASE)

Role = Literal["image", "label"]


def stem_of(path: str) -> str:
    """Return a file's name without suffix and without `.ome`, in Unicode's composed form."""
    stem = unicodedata.normalize("NFC", PurePosixPath(path).stem)
    return stem[:-4] if stem.lower().endswith(".ome") else stem


def label_keys(stem: str) -> set[str]:
    """Return the stems that the image of a label image of this stem may have: its own, and without label words."""
    return {stem, *_without(stem, _LABEL_EDGES)}


def object_label_keys(stem: str) -> set[str]:
    """Return the stems that are left without words such as `nuclei_mask`, which say of what the labels are."""
    return _without(stem, _WHOSE_EDGES)


def image_keys(stem: str) -> set[str]:
    """Return the stems that are left of an image's without words such as `_img`."""
    return _without(stem, _IMAGE_EDGES)


def marked_keys(stem: str) -> set[str]:
    """Return the stems that are left if this one has words of a label image, else none."""
    return (label_keys(stem) | object_label_keys(stem)) - {stem}


def is_image(path: str) -> bool:
    """Return whether a file's name ends like that of an image which is read."""
    return PurePosixPath(path).suffix.lower() in IMAGE_SUFFIXES


def is_label_like(path: str) -> bool:
    """Return whether a file's folders or its name say that it is a label image."""
    role = next((role for folder in reversed(path.split("/")[:-1]) if (role := folder_role(folder))), None)
    return role[0] == "label" if role else bool(marked_keys(stem_of(path)))


def derived_from(stem: str) -> str | None:
    """Return the stem of the image that a picture such as `a_outlines` or `a_flows_cp_masks` was made of, or None."""
    found = _DERIVED_END.fullmatch(stem)
    return found[1] if found else None


def _without(stem: str, edges: tuple[re.Pattern[str], ...]) -> set[str]:
    return {_bare(found[1]) for edge in edges if (found := edge.fullmatch(stem))}


def _bare(stem: str) -> str:
    """Return a stem without the suffixes that programs leave inside a name, as in `a.ome.tif_mask.png`."""
    while found := _SUFFIX.search(stem):
        stem = stem[: found.start()]
    return stem


def folder_role(name: str) -> tuple[Role, tuple[str, ...]] | None:
    """Return whether a folder holds images or label images, and the other words of its name; None if neither.

    The other words tell folders of one kind apart: ("train",) for imagesTr, train_images and images-training.
    """
    words = _words(name)
    if any(re.fullmatch(f"{_DERIVED}|class|classes|semantic", word) for word in words):
        return None
    is_label = bool(_LABEL_FOLDERS & set(words)) or {"ground", "truth"} <= set(words)
    if not is_label and not _IMAGE_FOLDERS & set(words):
        return None
    rest = [word for word in words if word not in _IMAGE_FOLDERS | _LABEL_FOLDERS | _SILENT]
    return "label" if is_label else "image", tuple((SUBSET_WORDS | _SHORT_SUBSETS).get(word, word) for word in rest)


def is_derived_folder(name: str) -> bool:
    """Return whether a folder holds pictures that were made of images and labels, such as overlays."""
    return any(re.fullmatch(_DERIVED, word) for word in _words(name))


def folder_subsets(path: str) -> set[str]:
    """Return which of train, val and test the folders of a path name."""
    return {subset for folder in PurePosixPath(path).parts[:-1] for subset in _subsets(folder)}


def _subsets(folder: str) -> set[str]:
    """Return the subset that a folder's name is for, if it says nothing else than that and what the folder holds."""
    words = set(_words(re.sub(r"^stage\d_", "", folder)))
    kinds = words & (_IMAGE_FOLDERS | _LABEL_FOLDERS)
    known = SUBSET_WORDS | (_SHORT_SUBSETS if kinds else {})
    return {known[word] for word in words if word in known} if words <= known.keys() | kinds | _SILENT else set()


def _words(name: str) -> list[str]:
    return [word.lower() for word in _TOKEN.findall(unicodedata.normalize("NFC", name))]
