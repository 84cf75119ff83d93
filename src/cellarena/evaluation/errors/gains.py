"""How many objects each kind of error concerns, and what F1 would gain if it were gone.

The gains are oracles after TIDE (Bolya et al., ECCV 2020, doi 10.1007/978-3-030-58580-8_33). They do not add up: with
one kind of error gone another one weighs more.
"""

import numpy as np
import pandas as pd

from cellarena.evaluation.assignment import Values
from cellarena.evaluation.errors.analysis import IMAGE_COLUMNS, Analysis
from cellarena.evaluation.errors.categories import CATEGORIES, ERRORS, MATCH, MISSED, OF_TRUE, SPURIOUS

ALL = "all"
"""All kinds of errors at once: what is left to 1."""
OVERALL = "all images"
MODALITY = "modality"

TRUE_COUNTS = [f"n_true_{category}" for category in OF_TRUE]
PRED_COUNTS = [f"n_pred_{category}" for category in CATEGORIES if category != MISSED]
COUNT_COLUMNS = [
    *IMAGE_COLUMNS, "n_border_true", "n_border_pred", "n_lost_to_border_rule",
    "n_true", "n_pred", "tp", "fp", "fn", "f1",
    *TRUE_COUNTS, *PRED_COUNTS, *(f"n_events_{category}" for category in ERRORS),
]  # fmt: skip
GAIN_COLUMNS = ["run", "by", "stratum", "category", "n_images", "f1", "f1_fixed", "gain"]


def count(analysis: Analysis) -> pd.DataFrame:
    """Return how many objects of each image are in each category, under the challenge's border rule.

    Returns:
        One row per image with the columns COUNT_COLUMNS: `n_border_*` are the objects at the border, which are in no
        other number; `n_lost_to_border_rule` are the annotated and predicted objects in other categories that would be
        a match if the rule had not dropped the partner; tp, fp and fn are those of the score, f1 in [0, 1] too (0 where
        prediction failed); `n_events_*` counts errors and not objects: two cells merged into one are one merge.
    """
    images, objects = analysis.images.set_index("image"), analysis.objects
    at_border = objects["touches_border"] == 1
    scored = objects[~at_border]
    names = images.index
    counts = {}
    for side, categories in (("true", OF_TRUE), ("pred", [c for c in CATEGORIES if c != MISSED])):
        of_side = scored[scored["side"] == side]
        counts[f"n_border_{side}"] = objects[at_border & (objects["side"] == side)].groupby("image").size()
        counts[f"n_{side}"] = of_side.groupby("image").size()
        counts |= {f"n_{side}_{c}": of_side[of_side["category"] == c].groupby("image").size() for c in categories}
    lost = scored[(scored["category"] != MATCH) & (scored["category_with_border"] == MATCH)]
    counts["n_lost_to_border_rule"] = lost.groupby("image").size()
    for category in ERRORS:
        errors = scored[scored["category"] == category]
        counts[f"n_events_{category}"] = errors.groupby("image")["event"].nunique()
    table = pd.DataFrame({name: n.reindex(names, fill_value=0) for name, n in counts.items()}).astype(int)
    table["tp"] = table[f"n_true_{MATCH}"]
    table["fp"], table["fn"] = table["n_pred"] - table["tp"], table["n_true"] - table["tp"]
    table["f1"] = np.where(images["failed"] == 1, 0.0, _f1(table["tp"], table["n_true"], table["n_pred"]))
    return images.join(table).reset_index()[COUNT_COLUMNS]


def gains(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the gain in F1 if one kind of error were fixed, image by image, then the mean over images.

    Missed objects are added, spurious ones removed, badly localised ones moved into place; what is merged, split or
    both is replaced by the annotated objects. A failed prediction counts as missed objects.

    Args:
        counts: table of `count`, of one run or several.

    Returns:
        Columns GAIN_COLUMNS: for each run, for all images (stratum empty) and for each modality, one row per kind of
        error and one for ALL of them; n_images says how many images the mean is over.
    """
    images = counts[["run", "modality", "f1"]]
    fixed = pd.concat([images.assign(category=c, f1_fixed=_fixed(counts, c)) for c in (*ERRORS, ALL)])
    overall = fixed.assign(by=OVERALL, stratum="")
    by_modality = fixed.assign(by=MODALITY, stratum=fixed["modality"])
    whole = pd.concat([overall, by_modality])
    groups = whole.groupby(["run", "by", "stratum", "category"], sort=False)
    table = groups.agg(n_images=("f1", "size"), f1=("f1", "mean"), f1_fixed=("f1_fixed", "mean")).reset_index()
    table["gain"] = table["f1_fixed"] - table["f1"]
    place = table["category"].map({c: k for k, c in enumerate((*ERRORS, ALL))})
    order = table.assign(place=place).sort_values(["run", "by", "stratum", "place"], kind="stable").index
    return table.loc[order, GAIN_COLUMNS].reset_index(drop=True)


def _fixed(counts: pd.DataFrame, category: str) -> Values:
    """Return the F1 of each image once the errors of a category are replaced by what is annotated there."""
    if category == ALL:
        return np.ones(len(counts))
    n_found = 0 if category == SPURIOUS else counts[f"n_true_{category}"]
    n_wrong = 0 if category == MISSED else counts[f"n_pred_{category}"]
    after = _f1(counts["tp"] + n_found, counts["n_true"], counts["n_pred"] + n_found - n_wrong)
    without_prediction = (counts["failed"] == 1) & (category != MISSED)
    return np.where(without_prediction, 0.0, after)


def _f1(tp: "pd.Series[int]", n_true: "pd.Series[int]", n_pred: "pd.Series[int]") -> Values:
    """Return 2 tp / (n_true + n_pred) of each image; 1 without an object on either side."""
    total = (n_true + n_pred).to_numpy(float)
    return np.divide(2 * tp.to_numpy(float), total, out=np.ones(len(total)), where=total > 0)
