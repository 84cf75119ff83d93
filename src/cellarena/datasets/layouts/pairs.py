"""How annotated images lie in a tree of files: pairs, and what is found where label images have names of their own."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from cellarena.datasets.layouts.name_roles import image_keys, label_keys, object_label_keys, stem_of

_CHANNEL = re.compile(r"(.+)_(\d{4})")
_JPEG = frozenset({".jpg", ".jpeg"})


@dataclass(frozen=True, order=True)
class Pair:
    """An image and what annotates it: one label image, or one binary mask per object.

    `images` is the image's file, or one file per channel in their order. Paths are POSIX and relative to the tree;
    `parent` tells the sets of one tree apart.
    """

    images: tuple[str, ...]
    labels: tuple[str, ...]
    stem: str
    parent: str
    kind: Literal["label image", "masks"] = "label image"

    @property
    def image(self) -> str:
        """The image's first file."""
        return self.images[0]


@dataclass(frozen=True)
class Findings:
    """What a detector sees: whole pairs, files without a partner, choices it will not make, files it has no use for."""

    layout: str
    pairs: tuple[Pair, ...]
    unpaired: tuple[str, ...]
    ambiguous: tuple[str, ...]
    ignored: tuple[str, ...]


def suffix_pairs(paths: list[str]) -> Findings | None:
    """Return the findings of labels that lie beside their images and are told by a word, or None without any.

    The word ends the label image's name or begins it: a_mask.tif beside a.tif, mask_001.tif beside img_001.tif.
    """
    parts = []
    for parent, files in by_folder(paths).items():
        stems = {stem_of(path) for path in files}
        keys = stems | {key for stem in stems for key in image_keys(stem)}
        labels = [path for path in files if _marked_keys(stem_of(path)) & keys]
        images = [path for path in files if path not in set(labels)]
        parts.append(match(images, labels, parent))
    found = merged("suffix pairs", parts, [])
    return found if found.pairs or found.ambiguous else None


def _marked_keys(stem: str) -> set[str]:
    return (label_keys(stem) | object_label_keys(stem)) - {stem}


def same_names(paths: list[str]) -> Findings | None:
    """Return the findings of NAME.jpg beside NAME.png, or None where not every image of some folder looks so.

    The JPEG file is the image: it cannot be a label image, as its values are not kept.
    """
    parts = []
    for parent, files in by_folder(paths).items():
        pictures = [path for path in files if PurePosixPath(path).suffix.lower() in _JPEG]
        labels = [path for path in files if path not in set(pictures)]
        stems = sorted(map(stem_of, pictures))
        if len(set(stems)) == len(stems) and stems == sorted(map(stem_of, labels)):
            parts.append(match(pictures, labels, parent))
        else:
            parts.append(findings("", [], files, [], []))
    found = merged("same names", parts, [])
    return found if found.pairs else None


def by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the files of each folder, "" for the tree itself; both sorted."""
    folders: dict[str, list[str]] = defaultdict(list)
    for path in sorted(paths):
        folders[path.rpartition("/")[0]].append(path)
    return dict(sorted(folders.items()))


def match(images: Sequence[str], labels: Sequence[str], parent: str) -> Findings:
    """Pair the images and label images of one place by name; whatever is not one to one is ambiguous.

    Words such as `_img`, or of what the labels are, are looked past only where names do not match without.
    """
    shots, incomplete = _shots(images, labels, parent)
    images_of: dict[str, list[Pair]] = {}
    plain, marked = _by_key(shots, lambda stem: {stem}), _by_key(shots, image_keys)
    for keys_of_label in (label_keys, object_label_keys):
        for by_key in (plain, marked):
            for label in sorted(set(labels) - set(images_of)):
                if found := sorted({s for key in keys_of_label(stem_of(label)) for s in by_key.get(key, ())}):
                    images_of[label] = found
    return _one_to_one(shots, labels, images_of, incomplete)


def _by_key(shots: Iterable[Pair], keys: Callable[[str], set[str]]) -> dict[str, list[Pair]]:
    by_key: dict[str, list[Pair]] = defaultdict(list)
    for shot in shots:
        for key in keys(shot.stem):
            by_key[key].append(shot)
    return by_key


def _one_to_one(
    shots: Sequence[Pair], labels: Sequence[str], images_of: dict[str, list[Pair]], ambiguous: list[str]
) -> Findings:
    """Return as pairs what fits one image and one label image each; `ambiguous` is what is known to be already."""
    labels_of: dict[Pair, list[str]] = defaultdict(list)
    for label, candidates in sorted(images_of.items()):
        for shot in candidates:
            labels_of[shot].append(label)
    pairs = []
    unpaired = [label for label in labels if label not in images_of]
    for shot in shots:
        found = labels_of[shot]
        if not found:
            unpaired.extend(shot.images)
        elif len(found) > 1:
            ambiguous.append(f"{shot.image} has several labels: {', '.join(found)}")
        elif len(images_of[found[0]]) == 1:
            pairs.append(replace(shot, labels=(found[0],)))
    for label, several in images_of.items():
        if len(several) > 1:
            ambiguous.append(f"{label} fits several images: {', '.join(path for s in several for path in s.images)}")
    return findings("", pairs, unpaired, ambiguous, [])


def _shots(images: Sequence[str], labels: Sequence[str], parent: str) -> tuple[list[Pair], list[str]]:
    """Return the images of one place, yet without labels, and what is wrong with their channels.

    Files CASE_0000, CASE_0001 are the channels of one image if all images have such names and label images are called
    CASE, as nnU-Net wants it.
    """
    single = [Pair((path,), (), stem_of(path), parent) for path in images]
    cases: dict[str, list[str]] = defaultdict(list)
    for shot in single:
        if not (found := _CHANNEL.fullmatch(shot.stem)):
            return single, []
        cases[found[1]].append(shot.image)
    stems = {key for label in labels for key in label_keys(stem_of(label))}
    if not stems & set(cases) or stems & {shot.stem for shot in single}:
        return single, []
    wanted = [f"{channel:04d}" for channel in range(max(map(len, cases.values())))]
    found_of = {case: sorted(stem_of(path)[-4:] for path in files) for case, files in cases.items()}
    wrong = [
        f"{cases[case][0]}: its channels are {', '.join(found)}, expected {', '.join(wanted)} as for the others"
        for case, found in found_of.items()
        if found != wanted
    ]
    by_channel = {case: tuple(sorted(files, key=stem_of)) for case, files in cases.items()}
    return [Pair(files, (), case, parent) for case, files in by_channel.items() if found_of[case] == wanted], wrong


def merged(layout: str, parts: Iterable[Findings], ignored: Iterable[str]) -> Findings:
    """Return the findings of several places as those of one tree."""
    parts = list(parts)
    return findings(
        layout,
        [pair for part in parts for pair in part.pairs],
        [path for part in parts for path in part.unpaired],
        [line for part in parts for line in part.ambiguous],
        [*ignored, *(path for part in parts for path in part.ignored)],
    )


def findings(
    layout: str, pairs: Iterable[Pair], unpaired: Iterable[str], ambiguous: Iterable[str], ignored: Iterable[str]
) -> Findings:
    """Return findings with sorted contents."""
    return Findings(
        layout, tuple(sorted(pairs)), tuple(sorted(unpaired)), tuple(sorted(ambiguous)), tuple(sorted(ignored))
    )
