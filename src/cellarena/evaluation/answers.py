"""What a run answered to an annotated image, with what several judgements ask of it, computed once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.evaluation.calibration.pixel_counts import band_around_boundaries
from cellarena.evaluation.errors.objects import measure
from cellarena.evaluation.matching import SparsePairs, iou_pairs, without_border_pairs
from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.records import Record

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Annotation:
    """A record as it was annotated: image (H, W) or (H, W, C), true (H, W), ignored (H, W) where nobody annotated."""

    record: Record
    image: Image
    true: LabelImage
    ignored: Flags | None = None

    @cached_property
    def measures(self) -> pd.DataFrame:
        """The measures of every annotated object."""
        return measure(self.true, self.image)

    @cached_property
    def regions(self) -> dict[str, Flags]:
        """The (H, W) annotated pixels, all and those close to the boundary of an object."""
        annotated = np.ones(self.true.shape, bool) if self.ignored is None else ~self.ignored
        return {"all": annotated, "boundary": band_around_boundaries(self.true) & annotated}


@dataclass(frozen=True, eq=False)
class Answer:
    """What of a run's label image can be judged by the annotation, (H, W); empty where prediction failed."""

    annotation: Annotation
    pred: LabelImage
    failed: bool = False

    @classmethod
    def of(cls, annotation: Annotation, pred: LabelImage | None) -> "Answer":
        """Return the answer of a run; None stands for a prediction that failed or is missing."""
        return cls(annotation, np.zeros_like(annotation.true) if pred is None else pred, pred is None)

    @cached_property
    def pairs(self) -> SparsePairs:
        """All objects.

        Raises:
            ValueError: if the shapes differ or an image is no label image.
        """
        return iou_pairs(self.annotation.true, self.pred)

    @cached_property
    def inner(self) -> SparsePairs:
        """The objects clear of the border, which are those that are scored under the challenge's rule."""
        return without_border_pairs(self.pairs, self.annotation.true, self.pred)
