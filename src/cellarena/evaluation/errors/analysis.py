"""The object table: every annotated and every predicted object of a run, what became of it and what it is like."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cellarena.evaluation.errors.categories import Side, categorize
from cellarena.evaluation.errors.objects import MEASURES, measure
from cellarena.images.io import LabelImage
from cellarena.images.labels import without_border_objects
from cellarena.images.picture import Image
from cellarena.records import Record, Run
from cellarena.tables import IMAGE, MODALITY, RUN, integers, names_of, numbers, schema, texts

OBJECTS = schema(
    "objects of errors",
    "Every annotated and every predicted object of a run: what became of it, what it is like",
    RUN, IMAGE,
    texts("side", "whether it was annotated or predicted", "true", "pred"),
    integers("label", "its label in its image"),
    texts("category", "what became of it among the objects clear of the border; at the border, as the next"),
    texts("category_with_border", "the same among all objects"),
    texts("partners?", "labels of the other side's objects that make it what it is, separated by spaces"),
    integers("event", "number, within its category, of the error that it is part of; -1 at the border"),
    numbers("iou", "with its partner, else the largest with any object"),
    MEASURES,
)  # fmt: skip
IMAGES = (
    *RUN,
    *IMAGE,
    *MODALITY,
    *integers("failed", "1 if there is no prediction, else 0"),
    *numbers("megapixels", "that were annotated", "MP"),
)


@dataclass(frozen=True, eq=False)
class Sample:
    """One image of a run: image (H, W) or (H, W, C), true (H, W), pred (H, W) or None where prediction failed."""

    record: Record
    image: Image
    true: LabelImage
    pred: LabelImage | None


@dataclass(frozen=True, eq=False)
class Analysis:
    """A run's errors: `objects` has a row per object, `images` a row per image, those that failed too.

    Megapixels are those that were annotated.
    """

    objects: pd.DataFrame
    images: pd.DataFrame


def object_table(true: LabelImage, pred: LabelImage, image: Image) -> pd.DataFrame:
    """Return a row for every annotated and every predicted object of one image.

    The category of an object clear of the border is that among the objects clear of the border, which are those that
    are scored under the challenge's rule; an object that touches the border has its category among all objects, and
    its event is -1: it is not counted. `category_with_border` is that among all objects, of every object.

    Args:
        true: (H, W) label image.
        pred: (H, W) label image.
        image: (H, W) or (H, W, C).

    Returns:
        The columns of OBJECTS without run and image; the annotated objects come first, by label.

    Raises:
        ValueError: if the sizes differ or an image is no label image.
    """
    whole = categorize(true, pred)
    inner = categorize(without_border_objects(true), without_border_objects(pred))
    sides = []
    for name, labels, all_objects, scored in zip(("true", "pred"), (true, pred), whole, inner, strict=True):
        known = measure(labels, image)
        known["category_with_border"] = all_objects.category.astype(object)
        outer = _rows(all_objects).assign(event=-1)
        found = pd.concat([_rows(scored), outer[~outer["label"].isin(scored.label)]])
        sides.append(found.merge(known, on="label", validate="one_to_one").sort_values("label").assign(side=name))
    return pd.concat(sides, ignore_index=True)[OBJECTS.names[2:]]


def analyze(samples: Iterable[Sample], run: Run) -> Analysis:
    """Return what became of every object of a run; without a prediction every annotated object is missed.

    Args:
        samples: read one at a time.
        run: the run that predicted.

    Returns:
        Both tables sorted by image; `images` has the columns IMAGES.

    Raises:
        ValueError: if there is no sample or one cannot be analysed; the message names run and image.
    """
    tables, images = [], []
    for sample in samples:
        name = sample.record.id
        pred = np.zeros_like(sample.true) if sample.pred is None else sample.pred
        try:
            found = object_table(sample.true, pred, sample.image)
        except ValueError as error:
            raise ValueError(f"{run}, image {name!r}: {error}") from error
        tables.append(found.assign(run=str(run), image=name))
        megapixels = (sample.true.size - sample.record.n_ignored) / 1e6
        images.append((str(run), name, sample.record.modality, int(sample.pred is None), megapixels))
    if not images:
        raise ValueError(f"{run}: no image to analyse; the test subset is empty")
    # A table without a row would change the types of the others' columns.
    filled = [table for table in tables if len(table)] or tables[:1]
    return Analysis(
        pd.concat(filled)[OBJECTS.names].sort_values("image", kind="stable", ignore_index=True),
        pd.DataFrame(images, columns=names_of(IMAGES)).sort_values("image", kind="stable", ignore_index=True),
    )


def _rows(side: Side) -> pd.DataFrame:
    return pd.DataFrame({
        "label": side.label.astype(np.int64),
        "category": side.category.astype(object),
        "partners": [" ".join(map(str, some)) for some in side.partners],
        "event": side.event,
        "iou": side.iou,
    })  # fmt: skip
