"""From the files of a tree to its pairs: as its manifest.csv names them, else as its layout shows them."""

import re
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from rich.console import Console

from cellarena.datasets.layouts.detection import detect, usable_images
from cellarena.datasets.layouts.drafts import draft_manifest
from cellarena.datasets.layouts.foreign import advice
from cellarena.datasets.layouts.name_roles import (
    derived_from,
    folder_role,
    is_image,
    is_label_like,
    label_keys,
    stem_of,
)
from cellarena.datasets.layouts.pairs import Findings, Pair
from cellarena.datasets.metadata.lookup import Lookup, spreadsheet_hint
from cellarena.datasets.metadata.tables import NoteRow, NoteTable, read_table
from cellarena.datasets.names import listed

MANIFEST = "manifest.csv"
_LIKE_MANIFEST = re.compile(r"(?:.*/)?manifest\.(?:csv|tsv|xlsx?|ods)", re.IGNORECASE)


def note_table(root: Path, paths: Sequence[str]) -> NoteTable | None:
    """Return what the manifest.csv at the top of a tree says, None if there is none.

    Raises:
        ValueError: if it cannot be read, or a table of another place or name looks like it.
    """
    alike = [path for path in paths if _LIKE_MANIFEST.fullmatch(path) and path != MANIFEST]
    if alike:
        raise ValueError(f"{alike[0]}: only {MANIFEST} at the top of the tree is read; make it that, or rename it")
    return read_table(root / MANIFEST) if MANIFEST in paths else None


def paired(paths: Sequence[str], table: NoteTable | None) -> Findings:
    """Return the pairs of a tree, and what of it remains without a partner.

    Raises:
        ValueError: if no layout is recognised and no table pairs the files, or a row of it is wrong.
    """
    files = [path for path in paths if not path.endswith("/")]
    if table and table.pairs_files:
        return _named_pairs(table, files)
    try:
        return detect(paths)
    except ValueError as error:
        raise ValueError(f"{error}{'' if advice(files) else _offered(files)}") from error


def _named_pairs(table: NoteTable, files: Sequence[str]) -> Findings:
    """Return the pairs that the columns `image` and `label` name; whatever else is in the tree is left alone."""
    images = sorted(filter(is_image, files))
    lookup = Lookup((path, path) for path in images)
    pairs: list[Pair] = []
    problems: list[str] = []
    for row in table.rows:
        image = _only(lookup.find(row.image), lambda path: not is_label_like(path))
        label = _only([path for path in lookup.find(row.label) if [path] != image], is_label_like)
        if len(image) == len(label) == 1:
            # The folders that tell sets of one tree apart: all but those called images and the like.
            own = "/".join(name for name in image[0].split("/")[:-1] if folder_role(name) != ("image", ()))
            pairs.append(Pair((image[0],), (label[0],), stem_of(image[0]), own))
        else:
            problems.append(_unresolved(row, image, label, images))
    used = Counter(path for pair in pairs for path in (pair.image, *pair.labels))
    if twice := [path for path, count in used.items() if count > 1]:
        problems.append(f"names {listed(twice)} twice; keep one row, and one label for each image")
    if forgotten := _forgotten([path for path in images if path not in used], pairs):
        problems.append(f"images without a row: {listed(forgotten)}; add a row, or take the file out of the folder")
    if problems:
        raise ValueError(f"{table.name}: {listed(problems, 5)}")
    return Findings(table.name, pairs, ignored=set(files) - set(used))


def _only(found: list[str], wanted: Callable[[str], bool]) -> list[str]:
    """Return what is found, of several the wanted ones if there are any."""
    return ([path for path in found if wanted(path)] or found) if len(found) > 1 else found


def _unresolved(row: NoteRow, image: list[str], label: list[str], files: Sequence[str]) -> str:
    if not row.label:
        return f"line {row.line}, image {row.image}: names no label"
    column, text, found = ("image", row.image, image) if len(image) != 1 else ("label", row.label, label)
    if found:
        return f"line {row.line}: {text} fits several files: {listed(found, 3)}; write the path"
    hint = spreadsheet_hint([text], map(stem_of, files))
    return f"line {row.line}: its {column} {text} is no image file of the tree{hint}"


def _forgotten(unnamed: Sequence[str], pairs: Sequence[Pair]) -> list[str]:
    """Return files beside named images that were not made of one of these."""
    folders = {pair.image.rpartition("/")[0] for pair in pairs}
    stems = {pair.stem for pair in pairs}
    beside = [path for path in unnamed if path.rpartition("/")[0] in folders]
    return [p for p in beside if not ({derived_from(stem_of(p)), *label_keys(stem_of(p)) - {stem_of(p)}} & stems)]


def problems_of(found: Findings, paths: Sequence[str]) -> list[str]:
    """Return what is wrong with findings: files without a partner, choices that a person has to make.

    If there is any, the lines of a manifest.csv that would pair the tree are printed, to be edited.
    """
    problems = []
    if found.unpaired:
        masked = any(pair.kind == "masks" for pair in found.pairs)
        add = "add it (an empty folder of masks says: no object)" if masked else "add it"
        problems.append(f"without a partner of the same name: {listed(found.unpaired)}; {add} or take the file out")
    if found.ambiguous:
        problems.append(f"ambiguous: {listed(found.ambiguous)}; keep one, or name it in the column label of {MANIFEST}")
    if problems:
        problems[-1] += _offered([path for path in paths if not path.endswith("/")], found.pairs)
    return problems


def _offered(files: Sequence[str], pairs: Collection[Pair] = ()) -> str:
    """Print a manifest.csv that would pair files, and return how to go on with it; "" if there is none to offer."""
    simple = all(len(pair.images) == len(pair.labels) == 1 for pair in pairs)
    draft = draft_manifest(usable_images(files)[0], pairs) if simple else ""
    Console(soft_wrap=True).out(draft, end="", highlight=False)
    how = f"add their column label to {MANIFEST}" if MANIFEST in files else f"save them as {MANIFEST} in the tree"
    return f"; the lines on stdout would pair them: check each, {how}" if draft else ""
