"""Test images side by side under every model: which ones, and how they stand in the report."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from cellarena.evaluation.strata import modality_slug
from cellarena.records import Record
from cellarena.reporting.document import Illustration, Section, Text
from cellarena.seeds import digest

_MEANING = (
    "One test image of each modality, drawn from the images alone whatever their scores, and the one that is hardest "
    "for the models together. Colours and dashes tell what was matched at IoU 0.5, missed and spurious; the legend is "
    "in each figure."
)


def examples_section(figures: Sequence[Illustration]) -> Section:
    """Return the example images, or a sentence that there are none."""
    if not figures:
        return Section("Examples", [Text("No test image could be shown as an example.")])
    return Section("Examples", [Text(_MEANING), *figures])


@dataclass(frozen=True)
class Example:
    """A test image to show: `name` is that of its file, the same in every comparison; `why` says what it stands for."""

    name: str
    record: Record
    why: str


def examples_of(per_image: pd.DataFrame, records: Sequence[Record], models: Sequence[str]) -> list[Example]:
    """Return which test images to show: one of each modality, whatever its scores, and the hardest of all.

    The one of a modality follows from the images alone, so that two comparisons of the same data show the same images.

    Args:
        per_image: column image and one column of F1 per model.
        records: the test records.
        models: the columns whose mean says how hard an image is.
    """
    chosen = []
    for modality in sorted({record.modality for record in records}):
        drawn = min((r for r in records if r.modality == modality), key=lambda r: digest("example", r.sha256, r.id))
        chosen.append(Example(modality_slug(modality), drawn, modality))
    difficulty = per_image.set_index("image")[list(models)].mean(axis=1)
    hardest = min(records, key=lambda r: (difficulty[r.id], r.id))
    return [*chosen, Example("hardest_of_all", hardest, "the hardest test image")]
