"""How annotated images lie in a tree of files: pairs, and what is found where label images have names of their own."""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Literal

from cellarena.datasets.layouts.name_roles import image_keys, label_keys, marked_keys, object_label_keys, stem_of
from cellarena.datasets.names import listed, safe_name

_CHANNEL = re.compile(r"(.+)_(\d{4})")
_JPEG = frozenset({".jpg", ".jpeg"})


@dataclass(frozen=True, order=True)
class Pair:
    """An image and what annotates it: one label image, or one binary mask per object; paths are the tree's."""

    images: tuple[str, ...]  # the image's file, or one file per channel in their order
    labels: tuple[str, ...]
    stem: str
    parent: str  # tells the sets of one tree apart
    kind: Literal["label image", "masks"] = "label image"

    @property
    def image(self) -> str:
        """The image's first file."""
        return self.images[0]


@dataclass(frozen=True)
class Findings:
    """What a detector sees; all sorted."""

    layout: str = ""
    pairs: Collection[Pair] = ()
    unpaired: Collection[str] = ()  # files without a partner
    ambiguous: Collection[str] = ()  # choices that a person has to make, a line each
    ignored: Collection[str] = ()  # files that it has no use for

    def __post_init__(self) -> None:
        for name in ("pairs", "unpaired", "ambiguous", "ignored"):
            object.__setattr__(self, name, tuple(sorted(getattr(self, name))))


def merged(layout: str, parts: Iterable[Findings], ignored: Iterable[str] = ()) -> Findings:
    """Return the findings of several places as those of one tree."""
    parts = list(parts)
    return Findings(
        layout,
        [pair for part in parts for pair in part.pairs],
        [path for part in parts for path in part.unpaired],
        [line for part in parts for line in part.ambiguous],
        [*ignored, *(path for part in parts for path in part.ignored)],
    )


def suffix_pairs(paths: list[str]) -> Findings | None:
    """Return the findings of labels that lie beside their images and are told by a word, or None without any.

    The word ends the label image's name or begins it: a_mask.tif beside a.tif, mask_001.tif beside img_001.tif.
    """
    parts = []
    for parent, files in by_folder(paths).items():
        stems = {stem_of(path) for path in files}
        keys = stems | {key for stem in stems for key in image_keys(stem)}
        labels = [path for path in files if marked_keys(stem_of(path)) & keys]
        parts.append(match([path for path in files if path not in set(labels)], labels, parent))
    found = merged("suffix pairs", parts)
    return found if found.pairs or found.ambiguous else None


def same_names(paths: list[str]) -> Findings | None:
    """Return the findings of NAME.jpg beside NAME.png, or None where not every image of some folder looks so.

    The JPEG file is the image: it cannot be a label image, as its values are not kept.
    """
    parts = []
    for parent, files in by_folder(paths).items():
        pictures = [path for path in files if PurePosixPath(path).suffix.lower() in _JPEG]
        labels = [path for path in files if path not in set(pictures)]
        stems = sorted(map(stem_of, pictures))
        is_whole = len(set(stems)) == len(stems) and stems == sorted(map(stem_of, labels))
        parts.append(match(pictures, labels, parent) if is_whole else Findings(unpaired=files))
    found = merged("same names", parts)
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
    shots, ambiguous = _shots(images, labels, parent)
    images_of: dict[str, list[Pair]] = {}
    plain, marked = _by_key(shots, lambda stem: {stem}), _by_key(shots, image_keys)
    for keys_of_label in (label_keys, object_label_keys):
        for by_key in (plain, marked):
            for label in sorted(set(labels) - set(images_of)):
                if found := sorted({s for key in keys_of_label(stem_of(label)) for s in by_key.get(key, ())}):
                    images_of[label] = found
    labels_of: dict[Pair, list[str]] = defaultdict(list)
    for label, shot in sorted((label, shot) for label, candidates in images_of.items() for shot in candidates):
        labels_of[shot].append(label)
    unpaired = [label for label in labels if label not in images_of]
    pairs = []
    for shot in shots:
        own = labels_of[shot]
        if not own:
            unpaired.extend(shot.images)
        elif len(own) > 1:
            ambiguous.append(f"{shot.image} has several labels: {', '.join(own)}")
        elif len(images_of[own[0]]) == 1:
            pairs.append(replace(shot, labels=(own[0],)))
    for label, several in images_of.items():
        if len(several) > 1:
            ambiguous.append(f"{label} fits several images: {', '.join(path for s in several for path in s.images)}")
    return Findings("", pairs, unpaired, ambiguous)


def _by_key(shots: Iterable[Pair], keys: Callable[[str], set[str]]) -> dict[str, list[Pair]]:
    by_key: dict[str, list[Pair]] = defaultdict(list)
    for shot in shots:
        for key in keys(shot.stem):
            by_key[key].append(shot)
    return by_key


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
    shots, wrong = [], []
    for case, unsorted in cases.items():
        files = sorted(unsorted, key=stem_of)
        channels = [stem_of(path)[-4:] for path in files]
        if channels == wanted:
            shots.append(Pair(tuple(files), (), case, parent))
        else:
            said = f"its channels are {', '.join(channels)}, expected {', '.join(wanted)} as for the others"
            wrong.append(f"{unsorted[0]}: {said}")
    return shots, wrong


def record_ids(pairs: Iterable[Pair]) -> dict[Pair, str]:
    """Return the record id of each pair, made of its image's stem from A-Z a-z 0-9 . _ and -.

    Where sets of one tree repeat a stem (train/images/1.png, test/images/1.png), every id starts with its set's path.

    Raises:
        ValueError: if two images would share an id, also when case is ignored; both are named.
    """
    ordered = sorted(pairs)
    ids = {pair: safe_name(pair.stem) for pair in ordered}
    if _shared(ids):
        ids = {pair: safe_name("_".join(filter(None, (*pair.parent.split("/"), pair.stem)))) for pair in ordered}
    if clashes := _shared(ids):
        lines = listed(" and ".join(map(repr, images)) for images in clashes)
        raise ValueError(f"names that differ only in case, spelling or special characters: {lines}; rename one")
    return ids


def _shared(ids: dict[Pair, str]) -> list[list[str]]:
    owners: dict[str, list[str]] = defaultdict(list)
    for pair, name in ids.items():
        owners[name.casefold()].append(pair.image)
    return [images for images in owners.values() if len(images) > 1]
