"""The golden set: pairs of tiny label images with scores worked by hand, one text file each in golden/.

A file has the reasoning, the two images as grids of letters (a dot is background), the labels that the letters stand
for where they are not 1, 2, 3 in alphabetical order, and the expected values as fractions:

* `[objects]`: detection and object metrics under the border rule; the columns are IoU thresholds;
* `[objects with border]`: the same without the rule, where it makes a difference;
* `[pixels]`: metrics of the whole foreground;
* `[official]`: what the challenge's script says where it differs from `[objects]`.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).with_name("golden")
OFFICIAL_METRICS = ("tp", "fp", "fn", "precision", "recall", "f1")

Key = tuple[float | None, str]
"""IoU threshold (None for what knows none) and metric."""


@dataclass(frozen=True, eq=False)
class GoldenPair:
    """A pair of label images and its scores: `objects`, `with_border`, `pixels` and `official` by threshold and metric.

    An undefined score is NaN, a defined one a Fraction; the official ones are not rounded yet.
    """

    name: str
    reasoning: str
    true: np.ndarray
    pred: np.ndarray
    objects: dict[Key, Fraction | float]
    with_border: dict[Key, Fraction | float]
    pixels: dict[Key, Fraction | float]
    official: dict[Key, Fraction | float]

    def __str__(self) -> str:
        return self.name


def golden_pairs() -> list[GoldenPair]:
    """Return all pairs in the order of their file names."""
    return [read_pair(path) for path in sorted(FOLDER.glob("*.txt"))]


def read_pair(path: Path) -> GoldenPair:
    """Return the pair of one file.

    Raises:
        ValueError: if a line of the file is not understood; the message names the file.
    """
    head, *blocks = path.read_text().split("\n[")
    reasoning, grid = head.split("\n\n", 1)
    sections = dict(block.split("]\n", 1) for block in blocks)
    unknown = set(sections) - {"labels", "objects", "objects with border", "pixels", "official"}
    rows = [line.split() for line in grid.strip().splitlines()]
    if unknown or rows[0] != ["true", "pred"]:
        raise ValueError(f"{path}: {unknown or rows[0]} is no part of a golden pair")
    labels = {letter: int(label) for letter, label in map(str.split, sections.get("labels", "").splitlines()) if label}
    objects = _values(sections["objects"])
    changed = _values("\n".join([sections["objects"].splitlines()[0], sections.get("official", "")]))
    return GoldenPair(
        name=path.stem.split("_", 1)[1].replace("_", " "),
        reasoning=reasoning,
        true=_image([row[0] for row in rows[1:]], labels),
        pred=_image([row[1] for row in rows[1:]], labels),
        objects=objects,
        with_border=_values(sections.get("objects with border", sections["objects"])),
        pixels=_values(sections["pixels"]),
        official={key: value for key, value in objects.items() if key[1] in OFFICIAL_METRICS} | changed,
    )


def _image(rows: list[str], labels: dict[str, int]) -> np.ndarray:
    letters = sorted(set("".join(rows)) - {"."})
    numbers = {".": 0} | {letter: labels.get(letter, index) for index, letter in enumerate(letters, 1)}
    return np.array([[numbers[letter] for letter in row] for row in rows], np.int64)


def _values(section: str) -> dict[Key, Fraction | float]:
    """Return the values of a section; its first line may name the IoU thresholds that the columns stand for."""
    thresholds: list[float | None] = [None]
    values: dict[Key, Fraction | float] = {}
    for name, *columns in (line.split() for line in section.splitlines() if line):
        if name == "IoU":
            thresholds = [float(column) for column in columns]
        elif len(columns) == 1:
            values[None, name] = _fraction(columns[0])
        else:
            values |= {(t, name): _fraction(column) for t, column in zip(thresholds, columns, strict=True)}
    return values


def _fraction(text: str) -> Fraction | float:
    return float("nan") if text == "nan" else Fraction(text)
