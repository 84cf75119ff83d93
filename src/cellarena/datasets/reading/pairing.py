"""From the files of a tree to its pairs: as its manifest.csv names them, else as its layout shows them."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from rich.console import Console

from cellarena.datasets.layouts.detection import detect, usable_images
from cellarena.datasets.layouts.drafts import draft_manifest
from cellarena.datasets.layouts.foreign import advice
from cellarena.datasets.layouts.pairs import Findings, Pair
from cellarena.datasets.metadata.notes import named_pairs
from cellarena.datasets.metadata.tables import NoteTable, read_table
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
        return named_pairs(table, files)
    try:
        return detect(paths)
    except ValueError as error:
        raise ValueError(f"{error}{'' if advice(files) else _offered(files)}") from error


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
