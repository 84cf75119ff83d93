"""A manifest.csv that would pair a tree: what is known, and for the rest the likeliest partner, to be edited."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher
from functools import partial
from pathlib import PurePosixPath

from cellarena.datasets.layouts.name_roles import is_label_like, stem_of
from cellarena.datasets.layouts.pairs import Pair, by_folder

_MOST_COMPARED = 50
_LABEL_PART = re.compile("label|mask|annot|truth|segm|instance", re.IGNORECASE)


def draft_manifest(images: Sequence[str], pairs: Iterable[Pair] = ()) -> str:
    """Return the lines `image,label` of a tree, one of the two left empty where no file seems to be it.

    Args:
        images: all image files of the tree, label images among them.
        pairs: what is known; only label images, as a row cannot name several masks or channels.

    Returns:
        CSV sorted by image, label images without one last; "" if no file seems to be a label image.
    """
    known = {pair.image: pair.labels[0] for pair in pairs}
    free = sorted(set(images) - set(known) - set(known.values()))
    labels = {path for path in free if is_label_like(path)} or {p for p in free if _LABEL_PART.search(stem_of(p))}
    labels = labels or (_other_half(free) if not known else set())
    if not labels and not known:
        return ""
    partners = known | _partners([path for path in free if path not in labels], sorted(labels))
    lone = sorted(labels - set(partners.values()))
    rows = [("image", "label"), *sorted(partners.items()), *(("", label) for label in lone)]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _other_half(files: Sequence[str]) -> set[str]:
    """Return which files may be label images where no word says so: those of one of two folders, or the PNG files."""
    folders = by_folder(files)
    if len(folders) == 2:
        return set(folders[max(folders, key=lambda name: (bool(_LABEL_PART.search(name)), name))])
    suffixes = {PurePosixPath(path).suffix.lower() for path in files}
    return {path for path in files if path.lower().endswith(".png")} if len(suffixes) > 1 else set()


def _partners(images: Sequence[str], labels: Sequence[str]) -> dict[str, str]:
    """Return the likeliest label image of each image: of the same numbers, then most like it; "" if there is none."""
    by_numbers: dict[tuple[int, ...], list[str]] = defaultdict(list)
    for label in labels:
        by_numbers[_numbers(label)].append(label)
    partners = {}
    for image in images:
        candidates = by_numbers[_numbers(image)] or [label for label in labels if stem_of(image) in stem_of(label)]
        best = max(candidates[:_MOST_COMPARED], key=partial(_likeness, image), default="")
        if best in by_numbers[_numbers(image)]:
            candidates.remove(best)
        partners[image] = best
    return partners


def _numbers(path: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"[0-9]+", stem_of(path))))


def _likeness(image: str, label: str) -> tuple[int, float]:
    """Return how many folders two files have in common, and how alike their paths are."""
    common = sum(one == other for one, other in zip(image.split("/")[:-1], label.split("/")[:-1], strict=False))
    return common, SequenceMatcher(None, image.casefold(), label.casefold()).ratio()
