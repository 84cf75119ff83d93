"""From the comparison's numbers to the tables and sentences of a report."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cellarena.evaluation.strata import modality_slug
from cellarena.records import Record
from cellarena.reporting.report import COST_COLUMNS, LEADERBOARD_COLUMNS, Leakage
from cellarena.seeds import digest

_RENAMED = {"n_seeds": "seeds", "n_images": "images", "f1_seed_min": "f1_min", "f1_seed_max": "f1_max"}


def leaderboard_of(summary: pd.DataFrame) -> pd.DataFrame:
    """Return the report's leaderboard from that of the comparison, with the columns in the report's order."""
    return summary.rename(columns=_RENAMED)[list(LEADERBOARD_COLUMNS)]


def costs_of(summary: pd.DataFrame) -> pd.DataFrame:
    """Return what the rows of the comparison cost, in its order."""
    costs = summary[list(COST_COLUMNS)]
    return costs.fillna({"variant": "", "device": "", "n_timed": 0}).astype({"n_parameters": "Int64"})


def modalities_of(summary: pd.DataFrame, records: Sequence[Record]) -> pd.DataFrame:
    """Return mean F1 by modality: a row per model and arm, a column per modality with its number of test images."""
    counts = Counter(record.modality for record in records)
    columns = {f"{modality} ({counts[modality]})": f"f1_{modality_slug(modality)}" for modality in sorted(counts)}
    table = summary[["model", "arm"]].copy()
    for heading, metric in columns.items():
        table[heading] = summary[metric]
    return table


def images_of(per_image: pd.DataFrame, records: Sequence[Record], failures: Mapping[str, str]) -> pd.DataFrame:
    """Return a row per test image, the hardest first: modality, number of objects, F1 by model, why it failed."""
    known = pd.DataFrame([{"image": r.id, "modality": r.modality, "objects": r.n_objects} for r in records])
    table = known.merge(per_image, on="image", validate="one_to_one")
    models = [name for name in per_image.columns if name != "image"]
    table["failure"] = [failures.get(image, "") for image in table["image"]]
    order = table[models].mean(axis=1).sort_values(kind="stable").index
    return table.loc[order].reset_index(drop=True)


def leakage_of(found: Mapping[str, Any]) -> Leakage:
    """Return the report's view of leakage.json."""
    n_images = sum(sum(by_modality.values()) for by_modality in found["n_images"].values())
    crossings = tuple(
        ", ".join(f"{image} ({subset})" for image, subset in crossing["images"].items())
        + (f"; accepted because: {found['waiver']}" if found["waiver"] else "")
        for crossing in found["crossings"]
    )
    return Leakage(n_images, len(found["near_duplicates"]), crossings)


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
