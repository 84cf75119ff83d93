"""The object table: every annotated and every predicted object of a run, what became of it and what it is like."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cellarena.evaluation.answers import Answer
from cellarena.evaluation.errors.categories import Side, categorize
from cellarena.evaluation.errors.objects import MEASURES, measure
from cellarena.records import Run
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
class Analysis:
    """A run's errors: `objects` has a row per object, `images` a row per image, those that failed too.

    Megapixels are those that were annotated.
    """

    objects: pd.DataFrame
    images: pd.DataFrame


def object_table(answer: Answer) -> pd.DataFrame:
    """Return a row for every annotated and every predicted object of one image.

    The category of an object clear of the border is that among the objects clear of the border, which are those that
    are scored under the challenge's rule; an object that touches the border has its category among all objects, and
    its event is -1: it is not counted. `category_with_border` is that among all objects, of every object.

    Returns:
        The columns of OBJECTS without run and image; the annotated objects come first, by label.

    Raises:
        ValueError: if the sizes differ or an image is no label image.
    """
    whole, inner = categorize(answer.pairs), categorize(answer.inner)
    measures = answer.annotation.measures, measure(answer.pred, answer.annotation.image)
    sides = []
    for name, measured, all_objects, scored in zip(("true", "pred"), measures, whole, inner, strict=True):
        known = measured.assign(category_with_border=all_objects.category.astype(object))
        outer = _rows(all_objects).assign(event=-1)
        found = pd.concat([_rows(scored), outer[~outer["label"].isin(scored.label)]])
        sides.append(found.merge(known, on="label", validate="one_to_one").sort_values("label").assign(side=name))
    return pd.concat(sides, ignore_index=True)[OBJECTS.names[2:]]


def analyze(answer: Answer, run: Run) -> Analysis:
    """Return what became of every object of one image; without a prediction every annotated object is missed.

    Raises:
        ValueError: if it cannot be analysed; the message names run and image.
    """
    record = answer.annotation.record
    try:
        objects = object_table(answer)
    except ValueError as error:
        raise ValueError(f"{run}, image {record.id!r}: {error}") from error
    megapixels = (answer.annotation.true.size - record.n_ignored) / 1e6
    image = (str(run), record.id, record.modality, int(answer.failed), megapixels)
    objects = objects.assign(run=str(run), image=record.id)[OBJECTS.names]
    return Analysis(objects, pd.DataFrame([image], columns=names_of(IMAGES)))


def together(images: Sequence[Analysis]) -> Analysis:
    """Return the analysis of a run from those of its images, at least one; both tables sorted by image."""
    # A table without a row would change the types of the others' columns.
    filled = [image.objects for image in images if len(image.objects)] or [images[0].objects]
    tables = filled, [image.images for image in images]
    return Analysis(*(pd.concat(some).sort_values("image", kind="stable", ignore_index=True) for some in tables))


def _rows(side: Side) -> pd.DataFrame:
    return pd.DataFrame({
        "label": side.label.astype(np.int64),
        "category": side.category.astype(object),
        "partners": [" ".join(map(str, some)) for some in side.partners],
        "event": side.event,
        "iou": side.iou,
    })  # fmt: skip
