"""Every test image: how well each model did, and what failed."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cellarena.records import Record
from cellarena.reporting.document import Section, ShownTable, Text
from cellarena.reporting.tables import table_with_failures

_AT_MOST = 30


def images_section(per_image: pd.DataFrame, records: Sequence[Record], failures: Mapping[str, str]) -> Section:
    """Return a row per test image, the hardest first: modality, number of objects, F1 by model, why it failed.

    Args:
        per_image: column image and one column of F1 per model.
        records: the test records.
        failures: by image, why it could not be segmented.
    """
    if not records:
        return Section("Images", [Text("There are no test images.")])
    known = pd.DataFrame([{"image": r.id, "modality": r.modality, "objects": r.n_objects} for r in records])
    table = known.merge(per_image, on="image", validate="one_to_one")
    models = [name for name in per_image.columns if name != "image"]
    table["failure"] = [failures.get(image, "") for image in table["image"]]
    table = table.loc[table[models].mean(axis=1).sort_values(kind="stable").index]
    shown = ShownTable("Scores by image", table_with_failures(table, [bool(why) for why in table["failure"]]), _AT_MOST)
    return Section("Images", [Text("F1 at IoU 0.5, mean over seeds; the hardest images first."), shown])
