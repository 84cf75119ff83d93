"""What changes when stored predictions are scored anew."""

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from cellarena.evaluation.scores import SCORES
from cellarena.tables import schema

NAMELESS = "strict-0"
"""What a table holds that was made before protocols had names."""
_KEY = ["image", "name", "threshold", "metric"]
_NAMELESS_SCORES = schema(
    "scores", "Scores as they were before protocols had names", tuple(c for c in SCORES.columns if c.name != "protocol")
)


@dataclass(frozen=True)
class Changes:
    """How two score tables of a run differ; a value is that of an image, protocol, threshold and metric.

    Attributes:
        old: protocols of the old table with their versions, sorted; none if there was no such table.
        new: those of the new one.
        n_values: values in the new table.
        n_changed: values in both tables that differ in the digits that are written.
        n_added: values in the new table only.
        n_gone: values in the old table only.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    n_values: int
    n_changed: int
    n_added: int
    n_gone: int

    def __str__(self) -> str:
        """Return the changes in one line."""
        return (
            f"{', '.join(self.old) or 'no scores'} -> {', '.join(self.new)}: {self.n_changed} of "
            f"{self.n_values - self.n_added} values differ, {self.n_added} are new, {self.n_gone} are gone"
        )


def read_old_scores(path: Path) -> pd.DataFrame:
    """Return a score table of this or an older format; an empty one if there is none or it cannot be read."""
    with suppress(ValueError, FileNotFoundError):
        return SCORES.read(path)
    with suppress(ValueError, FileNotFoundError):
        return _NAMELESS_SCORES.read(path).assign(protocol=NAMELESS)[SCORES.names]
    return pd.DataFrame(columns=SCORES.names)


def changes(old: pd.DataFrame, new: pd.DataFrame) -> Changes:
    """Return how the scores of a run differ, protocols of one name compared whatever their versions.

    Args:
        old: a score table as read, of six significant digits.
        new: the score table that takes its place.
    """
    merged = _by_name(old).merge(_by_name(new), on=_KEY, how="outer", suffixes=("_old", "_new"), indicator="side")
    both = merged[merged["side"] == "both"]
    same = np.isclose(both["value_old"], both["value_new"], rtol=1e-5, atol=0, equal_nan=True)
    return Changes(
        old=tuple(sorted(set(old["protocol"]))),
        new=tuple(sorted(set(new["protocol"]))),
        n_values=len(new),
        n_changed=int((~same).sum()),
        n_added=int((merged["side"] == "right_only").sum()),
        n_gone=int((merged["side"] == "left_only").sum()),
    )


def _by_name(scores: pd.DataFrame) -> pd.DataFrame:
    # A table without rows has columns of no type, which nothing merges with.
    kinds = {"image": str, "protocol": str, "threshold": float, "metric": str, "value": float}
    table = scores.astype(kinds)
    table = table.assign(name=table["protocol"].str.replace(r"-\d+$", "", regex=True))
    return table[[*_KEY, "value"]]
