"""The worst errors of each kind: what is to be looked at first."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cellarena.evaluation.errors.categories import ERRORS, MISSED, POOR, SPURIOUS


@dataclass(frozen=True)
class Specimen:
    """One error of an image.

    Attributes:
        category: its kind.
        image: the record's id.
        true: the labels of the annotated objects that it is made of.
        pred: those of the predicted ones.
        how_bad: says it in words.
        rank: the smaller, the sooner it is shown among those of its kind, whatever image they are of.
    """

    category: str
    image: str
    true: tuple[int, ...]
    pred: tuple[int, ...]
    how_bad: str
    rank: tuple[int, float, float, str, int]


def worst(objects: pd.DataFrame, n: int) -> list[Specimen]:
    """Return the worst errors of each kind in an image.

    A merge or split is the worse the more objects it concerns, then the larger they are; a badly localised object the
    smaller its IoU; a missed or spurious one the larger it is. Left out are objects at the border, and those that
    are what they are because of the border rule only. Those of different images come first: the second error of an
    image after the first of every other.

    Args:
        objects: object table of one image of a run.
        n: the most of one kind.
    """
    of_border_rule = (objects["touches_border"] == 1) | (objects["category_with_border"] != objects["category"])
    found = objects[~of_border_rule & objects["category"].isin(ERRORS)]
    groups = found.groupby(["category", "event"], sort=True)
    errors = groups.agg(n_objects=("label", "size"), area=("area", "sum"), iou=("iou", "min")).reset_index()
    errors["severity"] = np.where(errors["category"] == POOR, 1 - errors["iou"], errors["n_objects"])
    order = ["category", "severity", "area", "event"]
    errors = errors.sort_values(order, ascending=[True, False, False, True], kind="stable")
    errors["turn"] = errors.groupby("category").cumcount()
    shown = errors.loc[errors["turn"] < n, ["category", "event", "turn", "severity", "area"]]
    return [
        _specimen(category, groups.get_group((category, event)), (turn, -severity, -area, event))
        for category, event, turn, severity, area in shown.itertuples(index=False, name=None)
    ]


def _specimen(category: str, members: pd.DataFrame, rank: tuple[int, float, float, int]) -> Specimen:
    labels: dict[str, set[int]] = {"true": set(), "pred": set()}
    for side, label, partners in members[["side", "label", "partners"]].itertuples(index=False, name=None):
        labels[side].add(int(label))
        labels["pred" if side == "true" else "true"].update(int(partner) for partner in partners.split())
    true, pred = (tuple(sorted(labels[side])) for side in ("true", "pred"))
    how_bad = f"{len(true)} as {len(pred)}"
    if category == POOR:
        how_bad = f"IoU {members['iou'].min():.2f}"
    elif category in (MISSED, SPURIOUS):
        how_bad = f"area {members['area'].sum():.0f}"
    image = str(members["image"].iloc[0])
    return Specimen(category, image, true, pred, how_bad, (*rank[:3], image, rank[3]))
