"""The worst errors of each kind: what is to be looked at first."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cellarena.evaluation.errors.categories import ERRORS, MISSED, POOR, SPURIOUS


@dataclass(frozen=True)
class Specimen:
    """One error: `true` and `pred` are the labels of the objects that it is made of, `how_bad` says it in words."""

    category: str
    image: str
    true: tuple[int, ...]
    pred: tuple[int, ...]
    how_bad: str


def worst(objects: pd.DataFrame, n: int) -> dict[str, list[Specimen]]:
    """Return the worst errors of each kind, those of different images first.

    A merge or split is the worse the more objects it concerns, then the larger they are; a badly localised object the
    smaller its IoU; a missed or spurious one the larger it is. Left out are objects at the border, and those that
    are what they are because of the border rule only.

    Args:
        objects: object table of one run.
        n: the most of one kind.

    Returns:
        Kind of error to specimens, the worst of the first image first; kinds that do not occur are left out.
    """
    of_border_rule = (objects["touches_border"] == 1) | (objects["category_with_border"] != objects["category"])
    found = objects[~of_border_rule & objects["category"].isin(ERRORS)]
    groups = found.groupby(["category", "image", "event"], sort=True)
    errors = groups.agg(n_objects=("label", "size"), area=("area", "sum"), iou=("iou", "min")).reset_index()
    errors["severity"] = np.where(errors["category"] == POOR, 1 - errors["iou"], errors["n_objects"])
    order = ["category", "severity", "area", "image", "event"]
    errors = errors.sort_values(order, ascending=[True, False, False, True, True], kind="stable")
    # The second error of an image comes after the first of every other.
    errors["turn"] = errors.groupby(["category", "image"]).cumcount()
    chosen = errors.sort_values(["category", "turn"], kind="stable").groupby("category").head(n)
    specimens: dict[str, list[Specimen]] = {}
    for key in chosen[["category", "image", "event"]].itertuples(index=False, name=None):
        category, image, _ = key
        specimens.setdefault(category, []).append(_specimen(category, image, groups.get_group(key)))
    return {category: specimens[category] for category in ERRORS if category in specimens}


def _specimen(category: str, image: str, members: pd.DataFrame) -> Specimen:
    labels: dict[str, set[int]] = {"true": set(), "pred": set()}
    for side, label, partners in members[["side", "label", "partners"]].itertuples(index=False, name=None):
        labels[side].add(int(label))
        labels["pred" if side == "true" else "true"].update(int(partner) for partner in partners.split())
    true, pred = (tuple(sorted(labels[side])) for side in ("true", "pred"))
    if category == POOR:
        return Specimen(category, image, true, pred, f"IoU {members['iou'].min():.2f}")
    if category in (MISSED, SPURIOUS):
        return Specimen(category, image, true, pred, f"area {members['area'].sum():.0f}")
    return Specimen(category, image, true, pred, f"{len(true)} as {len(pred)}")
