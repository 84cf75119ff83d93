"""The contract of every table that flows: what its columns hold, and the one way to write and to read it.

A table is CSV whose bytes depend on its content alone: six significant digits, undefined is empty, LF.
"""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellarena.files import write_bytes

if TYPE_CHECKING:
    import pandas as pd

TEXT, INTEGER, NUMBER, BOOLEAN = "text", "integer", "number", "boolean"
_TRUTH = {"True": True, "False": False}
# One object can touch any number of others, whose labels stand in one cell.
csv.field_size_limit(2**31 - 1)


@dataclass(frozen=True)
class Column:
    """One column, or several: where its name holds a `*`, any number of columns stand in its place, none too.

    Attributes:
        name: in the header of the file.
        kind: TEXT, INTEGER, NUMBER or BOOLEAN.
        unit: empty where there is none.
        meaning: in a few words.
        missing: whether its cells may be empty: NaN, or text of no letter.
        values: all that a text may be; empty if that is open.
    """

    name: str
    kind: str
    unit: str
    meaning: str
    missing: bool
    values: tuple[str, ...] = ()

    def typed(self, cells: "pd.Series[str]") -> "pd.Series[Any]":
        """Return the cells of a file as what they mean.

        Raises:
            ValueError: if one is no such thing; it and its row are named.
        """
        empty = cells == ""
        found, sound = self._converted(cells)
        wrong = ~sound & ~empty if self.missing else ~sound | empty
        if wrong.any():
            row = int(wrong.to_numpy().argmax())
            expected = f"one of {', '.join(self.values)}" if self.values else self.kind
            raise ValueError(f"row {row + 2}, column {cells.name}: {cells.iloc[row]!r}, expected {expected}")
        return found

    def _converted(self, cells: "pd.Series[str]") -> "tuple[pd.Series[Any], pd.Series[bool]]":
        """Return the cells converted as far as that can be done, and which are what they are to be."""
        if self.kind == TEXT:
            return cells, cells.isin(self.values) | (not self.values)
        if self.kind == BOOLEAN:
            truth = cells.map(_TRUTH).astype("boolean")
            return truth if self.missing else truth.fillna(value=False).astype(bool), truth.notna()
        from pandas import to_numeric

        found = to_numeric(cells, errors="coerce")
        if self.kind == NUMBER:
            return found.astype(float), found.notna()
        whole = cells.str.fullmatch(r"-?\d+").astype(bool)
        return found.where(whole).astype("Int64") if self.missing else found.where(whole, 0).astype(int), whole


Columns = tuple[Column, ...]


def names_of(columns: Columns) -> list[str]:
    """Return the names of columns, but for those that stand for others."""
    return [column.name for column in columns if "*" not in column.name]


def _columns(kind: str, names: str, meaning: str, unit: str = "", values: tuple[str, ...] = ()) -> Columns:
    return tuple(
        Column(name.removesuffix("?"), kind, unit, meaning, name.endswith("?"), values) for name in names.split(", ")
    )


def texts(names: str, meaning: str, *values: str) -> Columns:
    """Return columns of text, by names such as "row, words?": with a ? a cell may be empty."""
    return _columns(TEXT, names, meaning, values=values)


def integers(names: str, meaning: str, unit: str = "") -> Columns:
    """Return columns of whole numbers; names as for `texts`."""
    return _columns(INTEGER, names, meaning, unit)


def numbers(names: str, meaning: str, unit: str = "") -> Columns:
    """Return columns of numbers; names as for `texts`."""
    return _columns(NUMBER, names, meaning, unit)


def booleans(names: str, meaning: str) -> Columns:
    """Return columns of True and False; names as for `texts`."""
    return _columns(BOOLEAN, names, meaning)


@dataclass(frozen=True)
class Schema:
    """What a table holds: its name, what it is in a sentence, its columns in their order."""

    name: str
    about: str
    columns: Columns

    @property
    def names(self) -> list[str]:
        """Names of its columns, but for those that stand for others."""
        return names_of(self.columns)

    def write(self, table: "pd.DataFrame", path: Path) -> None:
        """Write a table, whole or not at all.

        Raises:
            ValueError: if it is none that `read` would take.
        """
        try:
            content = self._whole(table).to_csv(index=False, float_format="%.6g", lineterminator="\n")
            self._parsed(content)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path.name}: no table of {self.name} ({error})") from error
        write_bytes(content.encode(), path)

    def read(self, path: Path) -> "pd.DataFrame":
        """Return a table as it was written: names such as `NA` or `007` stay text, numbers have six digits.

        Returns:
            Text as str, empty where undefined; integers as int, or Int64 where they may be undefined; numbers as float;
            booleans as bool, or boolean where they may be undefined.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if the file is damaged or edited; row and column are named.
        """
        if not path.is_file():
            raise FileNotFoundError(f"{path}: no such table of {self.name}; run `dvc repro` or `dvc pull`")
        try:
            return self._parsed(path.read_bytes().decode())
        except (ValueError, csv.Error) as error:
            reason = " ".join(str(error).split())
            raise ValueError(f"{path}: damaged or edited ({reason}); run `dvc checkout` or `dvc repro`") from error

    def _whole(self, table: "pd.DataFrame") -> "pd.DataFrame":
        """Return a table whose whole numbers are of a whole type, which are written with all their digits."""
        whole = [column.name for column in self.columns if column.kind == INTEGER and column.name in table.columns]
        return table.astype({name: "Int64" for name in whole if table[name].dtype.kind == "f"})

    def _parsed(self, content: str) -> "pd.DataFrame":
        # Much that only names columns runs without pandas, whose import takes long.
        from pandas import DataFrame, Series

        lines = list(csv.reader(io.StringIO(content, newline=""), strict=True))
        if not content.endswith("\n"):
            raise ValueError("it ends within a row" if lines else "it is empty")
        header, rows = lines[0], lines[1:]
        columns = self._of(header)
        for number, row in enumerate(rows, start=2):
            if len(row) != len(header):
                raise ValueError(f"row {number} has {len(row)} cells, the header {len(header)}")
        cells = zip(*rows, strict=True) if rows else [()] * len(header)
        return DataFrame({
            name: column.typed(Series(list(column_cells), dtype=str, name=name))
            for name, column, column_cells in zip(header, columns, cells, strict=True)
        })  # fmt: skip

    def _of(self, header: list[str]) -> list[Column]:
        """Return what each column of a header is, by its own name before one with a `*`."""
        by_name = {column.name: column for column in self.columns}
        # Of several names with a * the longest that fits says most.
        open_ones = sorted((one for one in self.columns if "*" in one.name), key=lambda one: -len(one.name))
        found = {
            name: by_name.get(name)
            or next((one for one in open_ones if re.fullmatch(_place(one.name), _joined([name]))), None)
            for name in header
        }
        faults = [f"lacks the column {name}" for name in self.names if name not in found]
        faults += [f"has an unknown column {name}" for name, column in found.items() if column is None]
        if not faults and not re.fullmatch("".join(map(_place, by_name)), _joined(header)):
            faults = [f"its columns do not stand once each in the order {', '.join(by_name)}"]
        if faults:
            raise ValueError("; ".join(faults))
        return [column for name in header if (column := found[name])]


def schema(name: str, about: str, *groups: Columns) -> Schema:
    """Return a schema whose columns come in groups."""
    return Schema(name, about, tuple(column for group in groups for column in group))


def _joined(names: list[str]) -> str:
    return "".join(f"{name}\0" for name in names)


def _place(name: str) -> str:
    """Return what matches the names, each ended by a NUL, that may stand in the place of a column."""
    pattern = re.escape(name).replace(r"\*", "[^\0]*") + "\0"
    return f"(?:{pattern})*" if "*" in name else pattern


RUN = texts("run", "the run: model-arm-seed")
MODEL = texts("model", "the model")
ARM = texts("arm", "the arm of the data that it learnt from")
SEED = integers("seed", "the seed of the training")
ROW = texts("row", "the row that is compared: model-arm")
IMAGE = texts("image", "the image's id")
MODALITY = texts("modality", "the image's modality")
