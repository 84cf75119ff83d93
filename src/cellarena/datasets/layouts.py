"""How annotated images lie in a tree of files: pure detectors over the list of relative paths."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from cellarena.images.io import IMAGE_SUFFIXES

IMAGE_FOLDERS = frozenset({"images", "img", "imgs", "raw", "image"})
LABEL_FOLDERS = frozenset({"labels", "label", "masks", "mask", "masks_instance", "gt", "annotations", "seg"})
LABEL_SUFFIXES = ("_cp_masks", "_label", "_labels", "_mask", "_masks", "_gt", "_seg", "_inst", "-label")
LOOKED_FOR = (
    "folders images/ and labels/ side by side (or img, imgs, raw, image; label, masks, mask, masks_instance, gt, "
    "annotations, seg), "
    "NAME.* beside NAME_label.* (or _labels, _mask, _masks, _cp_masks, _gt, _seg, _inst, -label), "
    "or NAME/images/NAME.png with one binary mask per object in NAME/masks/; "
    "files are TIFF, PNG, BMP or JPEG"
)

_ALL_FOLDERS = IMAGE_FOLDERS | LABEL_FOLDERS
_Place = tuple[str, str]


@dataclass(frozen=True, order=True)
class Pair:
    """An image and what annotates it: one label image, or one binary mask per object.

    Paths are POSIX and relative to the tree; `parent` tells the sets of one tree apart.
    """

    image: str
    labels: tuple[str, ...]
    stem: str
    parent: str
    kind: Literal["label image", "masks"] = "label image"


@dataclass(frozen=True)
class Findings:
    """What a detector sees: whole pairs, files without a partner, choices it will not make, files it has no use for."""

    layout: str
    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...]
    ambiguous: tuple[str, ...]
    ignored: tuple[str, ...]


def detect(paths: Iterable[str]) -> Findings:
    """Return what the first layout that recognises a tree finds in it.

    The layouts are tried in this order: DSB tree, parallel folders, suffix pairs. Hidden files are left out.

    Args:
        paths: relative POSIX paths of all files of the tree.

    Returns:
        Findings with sorted contents; a file is in exactly one of them, or in several ambiguous lines.

    Raises:
        ValueError: if no layout recognises the tree; the message says what was looked for.
    """
    seen = sorted({path for path in paths if not _hidden(path)})
    images = [path for path in seen if PurePosixPath(path).suffix.lower() in IMAGE_SUFFIXES]
    detectors: tuple[Callable[[list[str]], Findings | None], ...] = (dsb_tree, parallel_folders, suffix_pairs)
    found = next((findings for detector in detectors if (findings := detector(images))), None)
    if found is None:
        raise ValueError(f"no annotated image among {len(seen)} files; looked for {LOOKED_FOR}")
    others = tuple(sorted((*found.ignored, *sorted(set(seen) - set(images)))))
    return Findings(found.layout, found.pairs, found.unpaired, found.ambiguous, others)


def dsb_tree(paths: list[str]) -> Findings | None:
    """Return the findings of a tree like the Data Science Bowl's, or None if it is not one.

    Each sample is a folder with one image in `images` and one binary mask per object in `masks`. A tree whose labels
    carry the names of their images is none: there a file in `masks` annotates a whole image.
    """
    folders: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    outside = []
    for path in paths:
        parts = PurePosixPath(path).parts
        kind = parts[-2].lower() if len(parts) > 2 else ""
        if kind in {"images", "masks"}:
            folders["/".join(parts[:-2])][kind == "masks"].append(path)
        else:
            outside.append(path)
    samples = [name for name, (images, masks) in folders.items() if _is_dsb_sample(images, masks)]
    if not any(_certainly_dsb(name, *folders[name]) for name in samples) or 2 * len(samples) <= len(folders):
        return None
    pairs = [Pair(folders[s][0][0], tuple(sorted(folders[s][1])), _stem(folders[s][0][0]), s, "masks") for s in samples]
    rest = {name: files for name, files in folders.items() if name not in samples}
    ambiguous = [f"{n}: {len(i)} images share {len(m)} masks" for n, (i, m) in rest.items() if len(i) > 1 and m]
    unpaired = [path for images, masks in rest.values() if len(images) < 2 or not masks for path in images + masks]
    return _findings("DSB tree", pairs, unpaired, ambiguous, outside)


def _is_dsb_sample(images: list[str], masks: list[str]) -> bool:
    if len(images) != 1 or not masks:
        return False
    return not any(_image_keys(images[0]) & _label_keys(mask) for mask in masks)


def _certainly_dsb(name: str, images: list[str], masks: list[str]) -> bool:
    return len(masks) > 1 or PurePosixPath(name).name == PurePosixPath(images[0]).stem


def parallel_folders(paths: list[str]) -> Findings | None:
    """Return the findings of image and label folders side by side, at any depth, or None if there are none."""
    images: dict[_Place, list[str]] = defaultdict(list)
    labels: dict[_Place, list[str]] = defaultdict(list)
    outside = []
    for path in paths:
        folders = PurePosixPath(path).parts[:-1]
        level = next((i for i in reversed(range(len(folders))) if folders[i].lower() in _ALL_FOLDERS), None)
        if level is None:
            outside.append(path)
            continue
        place = ("/".join(folders[:level]), "/".join(folders[level + 1 :]))
        (images if folders[level].lower() in IMAGE_FOLDERS else labels)[place].append(path)
    if not {group for group, _ in images} & {group for group, _ in labels}:
        return None
    parts = [_match(images[p], labels[p], "/".join(filter(None, p))) for p in sorted(set(images) | set(labels))]
    return _merge("parallel folders", parts, outside)


def suffix_pairs(paths: list[str]) -> Findings | None:
    """Return the findings of labels that lie beside their images and are told by a suffix, or None without any."""
    folders: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        folders[PurePosixPath(path).parent.as_posix()].append(path)
    parts = []
    for parent, files in sorted(folders.items()):
        keys = {key for path in files for key in _image_keys(path)}
        labels = {path for path in files if (_label_keys(path) - {_stem(path)}) & keys}
        images = [path for path in files if path not in labels]
        parts.append(_match(images, sorted(labels), "" if parent == "." else parent))
    findings = _merge("suffix pairs", parts, [])
    return findings if findings.pairs or findings.ambiguous else None


def _match(images: list[str], labels: list[str], parent: str) -> Findings:
    """Pair the images and labels of one place by name; whatever is not one to one is ambiguous."""
    by_key: dict[str, list[str]] = defaultdict(list)
    for image in images:
        for key in _image_keys(image):
            by_key[key].append(image)
    images_of = {label: sorted({i for key in _label_keys(label) for i in by_key.get(key, ())}) for label in labels}
    labels_of: dict[str, list[str]] = defaultdict(list)
    for label, candidates in images_of.items():
        for image in candidates:
            labels_of[image].append(label)
    pairs, unpaired, ambiguous = [], [label for label, found in images_of.items() if not found], []
    for image in images:
        found = labels_of.get(image, [])
        if not found:
            unpaired.append(image)
        elif len(found) > 1:
            ambiguous.append(f"{image} has several labels: {', '.join(sorted(found))}")
        elif len(images_of[found[0]]) == 1:
            pairs.append(Pair(image, (found[0],), _stem(image), parent))
    several = [f"{label} fits several images: {', '.join(i)}" for label, i in images_of.items() if len(i) > 1]
    return _findings("", pairs, unpaired, ambiguous + several, [])


def _image_keys(path: str) -> set[str]:
    stem = _stem(path)
    return {stem, stem[:-4]} if stem.lower().endswith("_img") else {stem}


def _label_keys(path: str) -> set[str]:
    stem = _stem(path)
    return {stem} | {stem[: -len(suffix)] for suffix in LABEL_SUFFIXES if stem.lower().endswith(suffix)}


def _stem(path: str) -> str:
    return unicodedata.normalize("NFC", PurePosixPath(path).stem)


def _hidden(path: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.split("/"))


def _merge(layout: str, parts: list[Findings], ignored: list[str]) -> Findings:
    return _findings(
        layout,
        [pair for part in parts for pair in part.pairs],
        [path for part in parts for path in part.unpaired],
        [line for part in parts for line in part.ambiguous],
        ignored,
    )


def _findings(
    layout: str, pairs: list[Pair], unpaired: list[str], ambiguous: list[str], ignored: list[str]
) -> Findings:
    return Findings(
        layout, tuple(sorted(pairs)), tuple(sorted(unpaired)), tuple(sorted(ambiguous)), tuple(sorted(ignored))
    )
