"""How many objects each kind of error concerns, and what F1 would gain if it were gone.

The gains are oracles after TIDE (Bolya et al., ECCV 2020, doi 10.1007/978-3-030-58580-8_33). They do not add up: with
one kind of error gone another one weighs more.
"""

import numpy as np
import pandas as pd

from cellarena.evaluation.assignment import Values
from cellarena.evaluation.errors.analysis import IMAGES, Analysis
from cellarena.evaluation.errors.categories import CATEGORIES, ERRORS, MATCH, MISSED, OF_TRUE, SPURIOUS
from cellarena.tables import RUN, integers, numbers, schema, texts

ALL = "all"
"""All kinds of errors at once: what is left to 1."""
OVERALL = "all images"
MODALITY = "modality"

TRUE_COUNTS = [f"n_true_{category}" for category in OF_TRUE]
PRED_COUNTS = [f"n_pred_{category}" for category in CATEGORIES if category != MISSED]
N_LOST = integers("n_lost_to_border_rule", "objects in other categories whose partner for a match the rule dropped")
N_OBJECTS = integers("n_true, n_pred", "annotated and predicted objects clear of the border")
N_CATEGORIES = (
    *integers(", ".join(TRUE_COUNTS), "annotated objects of this category"),
    *integers(", ".join(PRED_COUNTS), "predicted objects of this category"),
    *integers(", ".join(f"n_events_{category}" for category in ERRORS), "errors: two objects merged are one"),
)
COUNTS = schema(
    "counts of errors", "How many objects of each image are in each category, under the challenge's border rule",
    IMAGES,
    integers("n_border_true, n_border_pred", "objects at the border, which are in no other number"),
    N_LOST, N_OBJECTS,
    integers("tp, fp, fn", "as they are scored at IoU 0.5"),
    numbers("f1", "as it is scored; 0 where prediction failed", "F1"),
    N_CATEGORIES,
)  # fmt: skip
GAINS = schema(
    "gains", "What F1 would gain if one kind of error were gone, the mean over images; the gains do not add up",
    RUN,
    texts("by", f"of which images: {OVERALL}, or those of a {MODALITY}"),
    texts("stratum?", "the modality"),
    texts("category", f"the kind of error, or {ALL} of them"),
    integers("n_images", "that the means are over"),
    numbers("f1", "as it is", "F1"),
    numbers("f1_fixed", "if these errors were gone", "F1"),
    numbers("gain", "the difference", "F1"),
)  # fmt: skip


def count(analysis: Analysis) -> pd.DataFrame:
    """Return how many objects of each image are in each category, under the challenge's border rule.

    Returns:
        The columns of COUNTS, a row per image.
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
    return images.join(table).reset_index()[COUNTS.names]


def gains(counts: pd.DataFrame) -> pd.DataFrame:
    """Return the gain in F1 if one kind of error were fixed, image by image, then the mean over images.

    Missed objects are added, spurious ones removed, badly localised ones moved into place; what is merged, split or
    both is replaced by the annotated objects. A failed prediction counts as missed objects.

    Args:
        counts: table of `count`, of one run or several.

    Returns:
        The columns of GAINS: for each run, for all images and each modality, a row per kind of error and for ALL.
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
    return table.loc[order, GAINS.names].reset_index(drop=True)


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
