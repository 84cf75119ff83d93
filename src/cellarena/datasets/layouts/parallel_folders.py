"""The layout of most trees: image folders and label folders side by side, or a label folder beside or below images."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from cellarena.datasets.layouts.name_roles import SUBSET_WORDS, Role, folder_role, is_derived_folder
from cellarena.datasets.layouts.pairs import Findings, by_folder, match, merged

_SUBSETS = frozenset(SUBSET_WORDS.values())


class _Place(NamedTuple):
    """Where images and label images belong together."""

    above: str  # the folders above the one with a role
    words: tuple[str, ...]  # the other words of its name
    below: str


def parallel_folders(paths: list[str]) -> Findings | None:
    """Return the findings of image and label folders, at any depth, or None if nothing lies so.

    A label folder without image folder annotates what lies in the folder above it, or else in folders beside it.
    nnU-Net's imagesTs are left alone where there are no labelsTs.
    """
    files: dict[Role, dict[_Place, list[str]]] = {"image": defaultdict(list), "label": defaultdict(list)}
    outside = []
    kinds: dict[tuple[str, tuple[str, ...]], set[Role]] = defaultdict(set)
    for folder in {str(folder) for path in paths for folder in PurePosixPath(path).parents}:
        if role := folder_role(PurePosixPath(folder).name):
            kinds[folder.rpartition("/")[0], role[1]].add(role[0])
    for path in paths:
        if found := _place(path, kinds):
            files[found[0]][found[1]].append(path)
        else:
            outside.append(path)
    images, labels = dict(files["image"]), dict(files["label"])
    for place in sorted(set(labels) - set(images)):
        if beside := _beside(place, labels[place], outside):
            images[place] = beside
            outside = sorted(set(outside) - set(beside))
    if not {place[:2] for place in images} & {place[:2] for place in labels}:
        return None
    tested = any(place.words == ("test",) for place in labels)
    spare = {p for p, files in images.items() if not tested and all("imagesTs" in path.split("/") for path in files)}
    parts = [
        match(images.get(place, []), labels.get(place, []), _joined(place.above, "_".join(place.words), place.below))
        for place in sorted((set(images) | set(labels)) - spare)
    ]
    return merged("parallel folders", parts, [*outside, *(path for place in spare for path in images[place])])


def _joined(*folders: str) -> str:
    return "/".join(filter(None, folders))


def _place(path: str, kinds: dict[tuple[str, tuple[str, ...]], set[Role]]) -> tuple[Role, _Place] | None:
    """Return the kind and place of a file by its innermost folder with a role.

    A folder whose name has other words, such as `masks_binary`, has one only beside its counterpart, `images_binary`:
    `kinds` says of each parent folder and other words which kinds of folder there are.
    """
    folders = PurePosixPath(path).parts[:-1]
    for level in reversed(range(len(folders))):
        above = "/".join(folders[:level])
        role = folder_role(folders[level])
        if role and (set(role[1]) <= _SUBSETS or len(kinds[above, role[1]]) > 1):
            return role[0], _Place(above, role[1], "/".join(folders[level + 1 :]))
    return None


def _beside(place: _Place, labels: Sequence[str], outside: Sequence[str]) -> list[str]:
    """Return the files that a label folder without image folder annotates.

    They lie in the folder above it, or else beside it: in folders called images and more, or else in any others.
    """
    above = _joined(place.above, place.below)
    folders = by_folder(outside)
    if _fits(folders.get(above, []), labels):
        return folders[above]
    depth = len(PurePosixPath(place.above).parts)
    found: dict[bool, list[str]] = {True: [], False: []}
    for folder, files in folders.items():
        parts = PurePosixPath(folder).parts
        is_beside = parts[:depth] == PurePosixPath(place.above).parts and "/".join(parts[depth + 1 :]) == place.below
        if len(parts) > depth and is_beside and not is_derived_folder(parts[depth]) and _fits(files, labels):
            role = folder_role(parts[depth])
            if not role or role[0] == "image":
                found[bool(role)].extend(files)
    return found[True] or found[False]


def _fits(images: Sequence[str], labels: Sequence[str]) -> bool:
    found = match(images, labels, "")
    return bool(found.pairs or found.ambiguous)
