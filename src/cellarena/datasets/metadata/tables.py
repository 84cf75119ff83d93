"""Reading the manifest.csv of somebody's tree, as editors and spreadsheets write it: rows of text, no files."""

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from cellarena.datasets.layouts.name_roles import SUBSET_WORDS, is_image
from cellarena.datasets.names import listed

COLUMNS = ("image", "label", "modality", "group", "subset", "pixel_size")
_MEANT = {
    "mask": "label", "masks": "label", "annotation": "label", "segmentation": "label", "gt": "label",
    "split": "subset", "partition": "subset",
    "mpp": "pixel_size", "pixel_width": "pixel_size", "um_per_pixel": "pixel_size", "microns_per_pixel": "pixel_size",
    "file": "image", "filename": "image", "file_name": "image", "name": "image", "path": "image", "image_id": "image",
}  # fmt: skip
_FORMULA = re.compile(r'^="([^"]*)"$')
"""How a table keeps a spreadsheet from taking a text for a number."""
_UNIT = r"(?:µm|μm|um|microns?|micromet(?:er|re)s?)"
_NUMBER = rf"(\d*[.,]?\d+(?:e-?\d+)?)\s*{_UNIT}?"
_PIXEL_SIZE = re.compile(rf"{_NUMBER}(?:\s*[x\u00d7*]\s*{_NUMBER})?", re.IGNORECASE)


@dataclass(frozen=True)
class Note:
    """What is said of one image."""

    modality: str = "unknown"
    group: str = ""  # what must not be torn apart by a split
    subset: str = ""  # "train", "val" or "test" where it is fixed
    pixel_size: tuple[float, float] | None = None  # height and width of a pixel (µm)


@dataclass(frozen=True)
class NoteRow:
    """A row of a manifest.csv."""

    line: int
    image: str
    label: str
    note: Note


@dataclass(frozen=True)
class NoteTable:
    """A manifest.csv."""

    name: str
    unread: tuple[str, ...]  # the columns that nothing is taken from
    rows: tuple[NoteRow, ...]

    @property
    def pairs_files(self) -> bool:
        """Whether the rows say which label image belongs to which image."""
        return any(row.label for row in self.rows)


def read_table(path: Path) -> NoteTable:
    """Return the rows of a manifest.csv; its separator is a comma, a semicolon or a tab.

    Raises:
        ValueError: if the file is no such table in UTF-8 or UTF-16, lacks the column `image`, has a column that seems
            to be a known one under another name, or a cell of `subset` or `pixel_size` says nothing that is known.
    """
    text = re.sub(r"\A\s*\"?sep=(.)\"?\r?\n", "", _text(path))
    try:
        separator = _separator(next((line for line in text.splitlines() if line.strip()), ""))
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        cells = [(lines.line_num, [_FORMULA.sub(r"\1", cell.strip()) for cell in line]) for line in lines]
    except csv.Error as error:
        raise ValueError(f"{path.name}: no CSV file ({error}); save it as CSV again") from error
    filled = [(number, line) for number, line in cells if any(line)]
    if not filled:
        raise ValueError(f"{path.name}: is empty; write the columns image, label, ... or take the file out")
    header = [_column(cell) for cell in filled[0][1]]
    _refuse_columns(path.name, header, filled[1:])
    unread = tuple(cell for cell, column in zip(filled[0][1], header, strict=True) if column and column not in COLUMNS)
    rows = [_row(path.name, number, dict(zip(header, line, strict=False))) for number, line in filled[1:]]
    return NoteTable(path.name, unread, tuple(rows))


def _text(path: Path) -> str:
    content = path.read_bytes()
    if content.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0")):
        raise ValueError(f"{path.name}: an Excel workbook by its content; save it from there as `CSV UTF-8`")
    try:
        return content.decode("utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name}: no UTF-8 CSV file ({error}); in Excel save it as `CSV UTF-8`") from error


def _separator(header: str) -> str:
    """Return which of comma, semicolon and tab gives a header with the column `image`, else most columns."""

    def columns(separator: str) -> list[str]:
        return [_column(cell) for cell in next(csv.reader([header], delimiter=separator), [])]

    return max(",;\t", key=lambda separator: ("image" in columns(separator), len(columns(separator))))


def _column(cell: str) -> str:
    """Return a column's name in small letters with _ for blanks, without the unit µm."""
    name = re.sub(rf"(?:[\s_]+|[\s_]*[(\[]){_UNIT}(?:/(?:px|pixel))?[)\]]?$", "", cell.strip().casefold())
    return re.sub(r"[\s-]+", "_", name)


def _refuse_columns(file: str, header: Sequence[str], rows: Sequence[tuple[int, list[str]]]) -> None:
    """Refuse a header whose columns leave open what is meant, and rows that have more cells than it."""
    known = f"columns that are read: {', '.join(COLUMNS)}"
    if twice := sorted({column for column in header if column and header.count(column) > 1}):
        raise ValueError(f"{file}: has the column {listed(twice)} twice; keep one")
    if "image" not in header:
        raise ValueError(f"{file}: lacks the column image, has {listed(filter(None, header)) or 'none'}; {known}")
    if long := [number for number, line in rows if any(line[len(header) :])]:
        raise ValueError(
            f"{file}: line {long[0]} has more cells than the {len(header)} columns; quote a text that holds a separator"
        )
    for position, column in enumerate(header):
        values = [line[position] for _, line in rows if len(line) > position and line[position]]
        if not column and values:
            raise ValueError(f"{file}: column {position + 1} has no name but holds {values[0]!r}; {known}")
        if column and column not in COLUMNS and (meant := _meant(column, values)) and meant not in header:
            raise ValueError(
                f"{file}: the column {column!r} is not read; if it is meant as {meant}, call it so, "
                f"else give it a name that is less alike, such as my_{column}; {known}"
            )


def _meant(column: str, values: Iterable[str]) -> str | None:
    """Return the column that one of another name seems to be: by its name, or as it holds subsets or files alone."""
    values = {value.casefold() for value in values}
    if column.startswith("my_"):
        return None
    if values and values <= SUBSET_WORDS.keys():
        return "subset"
    if values and all(is_image(value) for value in values):
        return "label"
    return _MEANT.get(column) or next(iter(get_close_matches(column, COLUMNS, 1, 0.75)), None)


def _row(file: str, number: int, cells: dict[str, str]) -> NoteRow:
    image, label, modality, group, subset, size = (cells.get(column, "") for column in COLUMNS)
    if not image:
        raise ValueError(f"{file}: line {number} names no image but holds {next(filter(None, cells.values()))!r}")
    where = f"{file}: line {number}, image {image}"
    if subset and subset.casefold() not in SUBSET_WORDS:
        raise ValueError(f"{where}: subset {subset!r}; write train, val or test, or nothing to have it drawn")
    fixed = SUBSET_WORDS.get(subset.casefold(), "")
    return NoteRow(number, image, label, Note(modality or Note.modality, group, fixed, _size(size, where)))


def _size(text: str, where: str) -> tuple[float, float] | None:
    if not text:
        return None
    found = _PIXEL_SIZE.fullmatch(text)
    sides = [float(side.replace(",", ".")) for side in found.groups() if side] if found else []
    if not sides or min(sides) <= 0:
        raise ValueError(f"{where}: pixel_size {text!r}; write µm per pixel as one number, 0.5, or as height x width")
    return sides[0], sides[-1]
