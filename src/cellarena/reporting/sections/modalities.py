"""The score by modality."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from cellarena.evaluation.strata import modality_slug
from cellarena.records import Record
from cellarena.reporting.document import Section, ShownTable, Text
from cellarena.reporting.tables import floor_marked, other_table


def modalities_section(summary: pd.DataFrame, records: Sequence[Record]) -> Section:
    """Return mean F1 by modality: a row per model and arm, a column per modality with its number of test images.

    Args:
        summary: one row per model and arm with a column `f1_<modality>` for every modality.
        records: the test records.

    Raises:
        KeyError: if the column of a modality is missing.
    """
    counts = Counter(record.modality for record in records)
    columns = {f"{modality} ({counts[modality]})": f"f1_{modality_slug(modality)}" for modality in sorted(counts)}
    table = pd.DataFrame({"model": floor_marked(summary["model"]), "arm": summary["arm"]})
    for heading, metric in columns.items():
        table[heading] = summary[metric]
    meaning = Text("Mean F1 at IoU 0.5; in brackets the number of test images.")
    return Section("By modality", [meaning, ShownTable("By modality", other_table(table))])
