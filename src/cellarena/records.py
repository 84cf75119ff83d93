"""The central types: a record is one image with its labels, a run is one training."""

import csv
import io
import re
from collections.abc import Callable, Iterable
from dataclasses import MISSING, astuple, dataclass, fields
from pathlib import Path, PurePath, PurePosixPath
from typing import Any, Self

from cellarena.faults import SecurityError
from cellarena.files import write_bytes
from cellarena.tables import INTEGER, TEXT, integers, numbers, schema, texts

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_SLUG = re.compile(r"[a-z0-9_]+")
_RUN = re.compile(rf"({_SLUG.pattern})-({_SLUG.pattern})-(0|[1-9][0-9]*)")
MANIFEST = schema(
    "manifest", "Annotated images, sorted by id; old ones lack the last columns. Paths are relative to a folder of all",
    texts("id", "the image's id"),
    texts("image, labels", "path of the image, and of its label image"),
    texts("modality", "how it was taken; unknown if nobody says"),
    texts("group?", "what must not be torn apart by a split: an experiment, a time lapse"),
    texts("subset?", "where the data set itself fixes it", "train", "val", "test"),
    integers("height, width", "of the image", "px"),
    integers("channels", "of the image"),
    texts("dtype", "type of its pixels"),
    integers("n_objects", "annotated"),
    texts("sha256", "of the image's pixels as acquired: its identity in splits and leakage reports"),
    texts("labels_sha256", "of the labels' pixels"),
    texts("source, licence", "where it comes from, and on which terms"),
    texts("channel_names?", "in the order of the channels, joined by ;"),
    numbers("pixel_height?, pixel_width?", "sides of a pixel; empty when unknown", "µm"),
    texts("ignored?", "path of an 8-bit image that is not 0 where nobody annotated; empty where all was annotated"),
    integers("n_ignored", "pixels that nobody annotated", "px²"),
)  # fmt: skip


REAL = "real"
"""The arm of the real images alone: the train subset."""


@dataclass(frozen=True)
class Record:
    """One annotated image: a row of MANIFEST.

    Raises:
        ValueError: if a value holds a control character.
        SecurityError: if a path leads out of the folder.
    """

    id: str
    image: str
    labels: str
    modality: str
    group: str
    subset: str
    height: int
    width: int
    channels: int
    dtype: str
    n_objects: int
    sha256: str
    labels_sha256: str
    source: str
    licence: str
    channel_names: str = ""
    pixel_height: float | None = None
    pixel_width: float | None = None
    ignored: str = ""
    n_ignored: int = 0

    @property
    def n_annotated(self) -> int:
        """Number of its pixels that were annotated."""
        return self.height * self.width - self.n_ignored

    def __post_init__(self) -> None:
        for field in fields(self):
            if _CONTROL.search(str(getattr(self, field.name))):
                raise ValueError(f"record {self.id!r}: its {field.name} holds a control character or line break")
        for path in (self.image, self.labels, self.ignored):
            if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
                raise SecurityError(f"record {self.id!r}: {path} lies outside the folder of the manifest")
        if "/" in self.id or "\\" in self.id:
            raise SecurityError(f"record {self.id!r}: an id is a file name, not a path")

    @property
    def pixel_size(self) -> tuple[float, float] | None:
        """Height and width of a pixel (µm), None when unknown."""
        known = self.pixel_height is not None and self.pixel_width is not None
        return (self.pixel_height, self.pixel_width) if known else None  # type: ignore[return-value]


def _number(text: str) -> float | None:
    return float(text) if text else None


@dataclass(frozen=True, order=True)
class Run:
    """One training: a model on an arm of the data with a seed. `str(run)` is stage key, folder name and row label."""

    model: str
    arm: str
    seed: int

    def __post_init__(self) -> None:
        for part in (self.model, self.arm):
            if not _SLUG.fullmatch(part):
                raise ValueError(f"{part!r} cannot name a model or an arm: use a-z, 0-9 and _")
        if self.seed < 0:
            raise ValueError(f"seed {self.seed} is negative")

    @classmethod
    def parse(cls, name: str) -> Self:
        """Return the run whose text is `name`.

        Raises:
            ValueError: if it is that of none.
        """
        if not (found := _RUN.fullmatch(name)):
            raise ValueError(f"{name!r} names no run; expected MODEL-ARM-SEED, such as unet-real-0")
        return cls(found[1], found[2], int(found[3]))

    @classmethod
    def named_by(cls, path: PurePath | str) -> Self | None:
        """Return the run that the last part of a path is named after, whatever its suffixes; None if it is none."""
        try:
            return cls.parse(PurePath(path).name.partition(".")[0])
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.row}-{self.seed}"

    @property
    def row(self) -> str:
        """Name of what is compared, whatever the seed: `unet-real`."""
        return f"{self.model}-{self.arm}"


def write_manifest(records: Iterable[Record], path: Path) -> None:
    """Write records as CSV, sorted by id; the file appears whole or not at all."""
    content = io.StringIO(newline="")
    table = csv.writer(content, lineterminator="\n")
    table.writerow(MANIFEST.names)
    table.writerows(astuple(record) for record in sorted(records, key=lambda r: r.id))
    write_bytes(content.getvalue().encode(), path)


def read_manifest(path: Path) -> list[Record]:
    """Return the records of a manifest in their order.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if a column is missing or a number is none.
        SecurityError: if a path leads out of the manifest's folder.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such manifest; run `dvc repro` or `dvc pull`")
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file, strict=True)
            found = set(rows.fieldnames or ())
            if not _NEEDED <= found <= set(_COLUMNS):
                raise ValueError(f"columns are {rows.fieldnames}, expected {list(_COLUMNS)}")
            return [_record(row) for row in rows]
    except SecurityError as error:
        raise SecurityError(f"{path}: {error}") from error
    except (ValueError, TypeError, csv.Error) as error:
        raise ValueError(f"{path}: not a manifest ({error}); run `dvc repro` or `dvc checkout`") from error


_COLUMNS: dict[str, Callable[[str], Any]] = {
    column.name: {INTEGER: int, TEXT: str}.get(column.kind, _number) for column in MANIFEST.columns
}
# Manifests of releases that were made before the last columns were there are still read.
_NEEDED = {field.name for field in fields(Record) if field.default is MISSING}


def _record(row: dict[str, str]) -> Record:
    if None in row or None in row.values():
        raise ValueError(f"the row {row['id']!r} has another number of columns than the first")
    return Record(**{name: _COLUMNS[name](text) for name, text in row.items()})
