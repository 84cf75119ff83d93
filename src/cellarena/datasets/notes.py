"""What the manifest.csv of somebody's tree says about its images."""

import csv
import unicodedata
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from cellarena.datasets.layouts import Pair
from cellarena.datasets.names import slug
from cellarena.images.io import IMAGE_SUFFIXES

NO_NOTE = ("unknown", "")


def read_notes(path: Path, ids: dict[Pair, str]) -> dict[str, tuple[str, str]]:
    """Return modality and group of the record ids that a tree's own manifest.csv names, by file name, stem or id.

    The column `image` is needed, `modality` and `group` are not; rows of images that are not there say nothing.

    Raises:
        ValueError: if the file is no UTF-8 CSV, lacks the column `image`, names an image twice or none that is there,
            gives a stem that several images share, or spells a modality in two ways.
    """
    known = {pair.stem: name for pair, name in ids.items()} | {name: name for name in ids.values()}
    repeated = {stem for stem, count in Counter(pair.stem for pair in ids).items() if count > 1}
    notes: dict[str, tuple[str, str]] = {}
    rows = _rows(path)
    for row in rows:
        stem = unicodedata.normalize("NFC", row["image"].strip())
        stem = stem[: -len(Path(stem).suffix)] if Path(stem).suffix.lower() in IMAGE_SUFFIXES else stem
        if stem in repeated:
            raise ValueError(f"{path.name}: {stem} names several images; write SET_{stem}, as in {known[stem]}")
        if (name := known.get(stem)) is None:
            continue
        if name in notes:
            raise ValueError(f"{path.name}: names {stem} twice; keep one row")
        notes[name] = ((row.get("modality") or "").strip() or NO_NOTE[0], (row.get("group") or "").strip())
    if rows and not notes and ids:
        example = min(ids.values())
        raise ValueError(
            f"{path.name}: none of its {len(rows)} rows names an image of this tree, "
            f"the first is {rows[0]['image']!r}; write names without folder, such as {example}, or take the file out"
        )
    _refuse_alike({modality for modality, _ in notes.values()}, path)
    return notes


def _refuse_alike(modalities: Iterable[str], path: Path) -> None:
    """Refuse two spellings of one modality: its images would be two strata, and one name in every table."""
    spellings: dict[str, str] = {}
    for modality in sorted(modalities):
        other = spellings.setdefault(slug(modality) or NO_NOTE[0], modality)
        if other != modality:
            raise ValueError(f"{path.name}: modalities {other!r} and {modality!r} differ in spelling only; write one")


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{path.name}: no UTF-8 CSV file ({error})") from error
    if any(row.get("image") is None for row in rows):
        raise ValueError(f"{path.name}: lacks the column image (the image's name without suffix)")
    return rows
