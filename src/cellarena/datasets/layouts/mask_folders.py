"""Layouts with one binary mask per object: the Data Science Bowl's tree, and a folder of masks per image."""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from cellarena.datasets.layouts.name_roles import Role, folder_role, image_keys, label_keys, stem_of
from cellarena.datasets.layouts.pairs import Findings, Pair, by_folder, merged

_NUMBERED = re.compile(r"(.+?)[ _-](?:(?:mask|cell|nucleus|object|obj|instance)s?[ _-]?)?\d+", re.IGNORECASE)


def dsb_tree(paths: list[str], empty: Sequence[str]) -> Findings | None:
    """Return the findings of a tree like the Data Science Bowl's, or None if it is not one.

    Each sample is a folder with one image, or one in `images`, and one binary mask per object in `masks`; an empty
    folder `masks` says that there is no object. A tree whose labels carry the names of their images is none: there a
    file in `masks` annotates a whole image.
    """
    folders: dict[str, tuple[list[str], list[str]]] = defaultdict(lambda: ([], []))
    outside = []
    bare = {above for above, kind in map(_split, empty) if kind == "masks"}
    homes = bare | {above for above, kind in map(_split, by_folder(paths)) if kind == "masks"}
    for path in paths:
        own = path.rpartition("/")[0]
        above, kind = _split(own)
        if above and kind in {"images", "masks"}:
            folders[above][kind == "masks"].append(path)
        elif own and own in homes:
            folders[own][0].append(path)
        else:
            outside.append(path)
    samples = [name for name, (images, masks) in folders.items() if _is_sample(images, masks, name in bare)]
    certain = [
        name for name in samples for images, masks in [folders[name]]
        if len(masks) > 1 or (masks and name.rpartition("/")[2] == stem_of(images[0]))
    ]  # fmt: skip
    if not certain or 2 * len(samples) <= len(folders):
        return None
    pairs = [_masked(folders[name][0][0], folders[name][1], name) for name in samples]
    rest = {name: files for name, files in folders.items() if name not in set(samples)}
    ambiguous = [f"{n}: {len(i)} images share {len(m)} masks" for n, (i, m) in rest.items() if len(i) > 1 and m]
    unpaired = [path for images, masks in rest.values() if len(images) < 2 or not masks for path in images + masks]
    return Findings("DSB tree", pairs, unpaired, ambiguous, outside)


def _split(folder: str) -> tuple[str, str]:
    """Return what is above a folder, and its name in small letters."""
    above, _, name = folder.rpartition("/")
    return above, name.lower()


def _is_sample(images: list[str], masks: list[str], none_drawn: bool) -> bool:
    if len(images) != 1 or not (masks or none_drawn):
        return False
    stem = stem_of(images[0])
    return not any(({stem} | image_keys(stem)) & label_keys(stem_of(mask)) for mask in masks)


def _masked(image: str, masks: Sequence[str], parent: str) -> Pair:
    return Pair((image,), tuple(sorted(masks)), stem_of(image), parent, "masks")


def masks_per_image(paths: list[str], empty: Sequence[str]) -> Findings | None:
    """Return the findings of images/ID.png with a folder masks/ID of binary masks, or None if nothing lies so.

    An empty folder masks/ID says that there is no object. Masks may also lie in one folder as ID_mask1, ID_mask2 or
    ID_1, ID_2.
    """
    folders = by_folder(paths)
    images: dict[str, list[str]] = defaultdict(list)
    for folder in folders:
        if _holds(folder, "image"):
            images[_split(folder)[0]].extend(folders[folder])
    parts = [part for above, files in images.items() if (part := _of_set(above, files, folders, empty))]
    if not parts:
        return None
    seen = {path for part in parts for path in (*part.unpaired, *_used(part.pairs))}
    rest = [path for path in paths if path not in seen]
    others = [path for path in rest if any(folder_role(folder) for folder in path.split("/")[:-1])]
    return merged("masks per image", [*parts, Findings(unpaired=others, ignored=set(rest) - set(others))])


def _of_set(above: str, images: Sequence[str], folders: dict[str, list[str]], empty: Sequence[str]) -> Findings | None:
    """Return the findings of the images below one folder, or None if there are no binary masks of them."""
    image_of = {stem_of(image): image for image in images}
    masks: dict[str, list[str]] = {}
    for folder in (*folders, *empty):
        files, (home, _, own) = folders.get(folder, []), folder.rpartition("/")
        if home.rpartition("/")[0] == above and _holds(home, "label"):
            masks[own] = files
        elif home == above and _holds(folder, "label") and _all_numbered(files, image_of):
            for path in files:
                masks.setdefault(_owner(path), []).append(path)
    pairs = []
    for own in set(masks) & set(image_of):
        pair = _masked(image_of[own], masks[own], above)
        # One file of the image's name is a label image.
        is_whole = len(pair.labels) == 1 and pair.stem in label_keys(stem_of(pair.labels[0]))
        pairs.append(replace(pair, kind="label image") if is_whole else pair)
    if len(image_of) < len(images) or not any(pair.labels for pair in pairs):
        return None
    lone = [path for own, files in masks.items() if own not in image_of for path in files]
    return Findings("", pairs, [*lone, *(set(images) - set(_used(pairs)))])


def _holds(folder: str, role: Role) -> bool:
    return bool(folder) and folder_role(folder.rpartition("/")[2]) == (role, ())


def _used(pairs: Iterable[Pair]) -> list[str]:
    return [path for pair in pairs for path in (*pair.images, *pair.labels)]


def _all_numbered(masks: Sequence[str], images: Collection[str]) -> bool:
    """Return whether each mask is numbered after one of the images, none is called like one, and one has several."""
    owners = {_owner(path) for path in masks}
    return not {stem_of(path) for path in masks} & set(images) and owners <= set(images) and len(owners) < len(masks)


def _owner(path: str) -> str:
    """Return the stem of the image that a mask is numbered after, as in `a_mask3` or `a_3`, or ""."""
    found = _NUMBERED.fullmatch(stem_of(path))
    return found[1] if found else ""
