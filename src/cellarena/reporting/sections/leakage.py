"""What might leak between the subsets."""

from collections.abc import Mapping
from typing import Any

from cellarena.reporting.document import Section, Text, Warnings


def leakage_section(found: Mapping[str, Any]) -> Section:
    """Return what leakage.json says: near-duplicates, and the groups of them that cross the subsets.

    Args:
        found: as `datasets.leakage.leakage_report` makes it.

    Raises:
        KeyError: if an entry is missing.
        TypeError, AttributeError: if it is not what it should be.
    """
    n_images = sum(sum(by_modality.values()) for by_modality in found["n_images"].values())
    n_groups, n_crossings = len(found["near_duplicates"]), len(found["crossings"])
    groups = f"{n_groups} group{'s' * (n_groups != 1)} of near-duplicates among {n_images} images"
    crossing_words = (
        f"{n_crossings} group{'s' * (n_crossings != 1)} cross{'es' * (n_crossings == 1)}"
        if n_crossings
        else "no group of images crosses"
    )
    lines = [
        ", ".join(f"{image} ({subset})" for image, subset in crossing["images"].items())
        + (f"; accepted because: {found['waiver']}" if found["waiver"] else "")
        for crossing in found["crossings"]
    ]
    return Section("Leakage between subsets", [Text(f"{groups}; {crossing_words} the subsets."), Warnings(lines)])
