"""The scoring protocols: how an annotation and a prediction become numbers, each under a name and a version."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cellarena.catalog import Catalog
from cellarena.images.io import LabelImage

Row = tuple[float, str, float]
"""IoU threshold (NaN for what knows none), metric, value."""
Scorer = Callable[[LabelImage, LabelImage | None, Sequence[float]], list[Row]]

STRICT = "strict-1"
"""What everything is ranked by."""
OFFICIAL = "official-1"
"""The arithmetic of the NeurIPS 2022 challenge."""


@dataclass(frozen=True)
class Protocol:
    """A named way of scoring; its version rises whenever any of its numbers changes.

    Attributes:
        name: its name in params.yaml.
        version: counted from 1.
        score: of the annotated label image (H, W), the predicted one or None where there is none, and IoU thresholds
            in (0, 1], the rows of one image; it raises ValueError for what is no pair of label images.
    """

    name: str
    version: int
    score: Scorer

    def __str__(self) -> str:
        """Return name and version, as they stand in a score table."""
        return f"{self.name}-{self.version}"


PROTOCOLS: Catalog[Protocol] = Catalog("protocol", "cellarena.evaluation.protocols")
