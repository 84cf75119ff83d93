"""What the manifest.csv of somebody's tree and the names of its folders say about the images, each row used."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from cellarena.datasets.layouts.name_roles import folder_subsets, stem_of
from cellarena.datasets.layouts.pairs import Pair
from cellarena.datasets.metadata.lookup import Lookup, spreadsheet_hint
from cellarena.datasets.metadata.tables import Note, NoteTable
from cellarena.datasets.names import listed, slug


def notes_of(table: NoteTable | None, ids: Mapping[Pair, str]) -> dict[str, Note]:
    """Return what is said of each image of a tree, by record id.

    The column `image` gives a file name with or without suffix and folders, or a record id. Folders say something about
    subsets only where they set val or test images apart from others: train/ alone says nothing.

    Raises:
        ValueError: if a row has no image or an image no row, a name fits several images, an image comes twice, folder
            and row contradict each other, or a modality or group is spelled in two ways.
    """
    said = _notes_in(table, ids) if table else dict.fromkeys(ids.values(), Note())
    notes = {name: replace(said[name], subset=_subset(pair, said[name].subset)) for pair, name in ids.items()}
    if not {note.subset for note in notes.values()} & {"val", "test"}:
        notes = said
    if table:
        _refuse_alike(table.name, "modalities", {note.modality for note in notes.values()}, slug)
        _refuse_alike(table.name, "groups", {note.group for note in notes.values()}, _spelling)
    return notes


def _notes_in(table: NoteTable, ids: Mapping[Pair, str]) -> dict[str, Note]:
    """Return what a table says of each record id.

    Beside its path and id an image has the names without channel, and without a folder called images or the like.
    """
    names = []
    for pair, name in ids.items():
        folder, slash, file = pair.image.rpartition("/")
        names += [(path, name) for path in (name, *pair.images, f"{folder}{slash}{pair.stem}", f"{pair.parent}/{file}")]
    lookup = Lookup(names)
    notes: dict[str, Note] = {}
    lost = []
    for row in table.rows:
        found = lookup.find(row.image)
        if len(found) > 1:
            raise ValueError(f"{table.name}: {row.image} names several images; write the path, or {min(found)}")
        if not found:
            lost.append(row.image)
        elif found[0] in notes:
            raise ValueError(f"{table.name}: names {row.image} twice; keep one row")
        else:
            notes[found[0]] = row.note
    without = sorted(pair.image for pair, name in ids.items() if name not in notes)
    if lost or without:
        wrong = {"rows without an image": lost, "images without a row": without}
        problems = "; ".join(f"{what}: {listed(names)}" for what, names in wrong.items() if names)
        hint = spreadsheet_hint(lost, map(stem_of, without)) or "; every row needs its image and every image its row"
        raise ValueError(f"{table.name}: {problems}{hint}")
    return notes


def _subset(pair: Pair, said: str) -> str:
    """Return the subset that folders and row agree on, "" if neither says one."""
    folders = folder_subsets(pair.image)
    if said and folders and said not in folders:
        where = f"lies in {min(folders)}, but manifest.csv says subset {said}"
        raise ValueError(f"{pair.image}: {where}; correct one of them")
    if not said and len(folders) > 1:
        names = " and ".join(sorted(folders))
        raise ValueError(f"{pair.image}: its folders name {names}; rename one, or say the subset in manifest.csv")
    return said or min(folders, default="")


def _refuse_alike(file: str, what: str, texts: Iterable[str], spelling: Callable[[str], str]) -> None:
    """Refuse two spellings of one name: its images would be two strata, or a group in two subsets."""
    spellings: dict[str, str] = {}
    for text in sorted(texts):
        other = spellings.setdefault(spelling(text) or text, text)
        if other != text:
            raise ValueError(f"{file}: {what} {other!r} and {text!r} differ in spelling only; write one")


def _spelling(text: str) -> str:
    return re.sub(r"(?<![\d.,])0+(?=\d)", "", re.sub(r"[\s_-]+", " ", text.casefold()))
