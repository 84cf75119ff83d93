"""The section on errors: what became of every object, what each kind of error costs, which images are hard."""

from collections.abc import Iterator, Sequence

import pandas as pd

from cellarena.evaluation.errors.categories import ERRORS, OF_TRUE, SPURIOUS
from cellarena.evaluation.errors.gains import ALL, MODALITY, OVERALL
from cellarena.evaluation.errors.strata import QUANTITIES, UNDEFINED, UNITS, interval
from cellarena.reporting.document import Block, Illustration, Notes, Section, ShownTable, Text, Warnings
from cellarena.reporting.tables import other_table, plain

_HARDEST = 20
_STRATA_ROWS = 40
_NOTES = (
    "Every annotated and every predicted object has one category, the first that applies. Match: one-to-one at IoU "
    "0.5, as it is scored. Merge: one predicted object holds at least half of each of several annotated ones; split: "
    "the reverse; merge+split: both at once. Poor localisation: one-to-one at IoU 0.1 to 0.5. Missed and spurious: the "
    "rest.",
    "Objects that touch the image border are left out on both sides (challenge rule); an object whose partner the rule "
    "dropped counts as missed or spurious.",
    "The gain is that in F1 of an image, averaged over images, if all errors of one kind were replaced by what is "
    "annotated. Gains do not add up: with one kind of error gone, another weighs more. All kinds together gain 1 - F1.",
    "Sizes, contrasts, distances and densities are divided at quantiles of the training annotation. Contrast is the "
    "difference between object and surroundings in standard deviations.",
)


def errors_section(
    categories: pd.DataFrame,
    gains: pd.DataFrame,
    strata: pd.DataFrame,
    difficulty: pd.DataFrame,
    illustrations: Sequence[Illustration],
) -> Section:
    """Return the section on errors.

    Args:
        categories: table of `evaluation.errors.comparison.category_totals`.
        gains: table of `evaluation.errors.gains.gains`, of all runs.
        strata: table of `evaluation.errors.strata.stratify`, of all runs.
        difficulty: table of `evaluation.errors.difficulty.difficulty`.
        illustrations: in the order in which they are to stand.
    """
    if categories.empty:
        return Section("Errors", [Text("No run was analysed.")])
    blocks: list[Block] = [
        Warnings(list(_warnings(categories))),
        ShownTable("What became of the objects, by run", other_table(_categories(categories))),
        ShownTable("Gain in mean F1 if one kind of error were fixed", other_table(_gains(gains, OVERALL))),
        *illustrations,
        ShownTable("Gain by modality", other_table(_gains(gains, MODALITY)), _STRATA_ROWS),
        ShownTable("Recall by kind of object", other_table(_recall(strata)), _STRATA_ROWS),
        Text(_hard_for_all(difficulty)),
        ShownTable("Images, the hardest first", other_table(_difficulty(difficulty)), _HARDEST),
        Notes(list(_NOTES)),
    ]
    return Section("Errors", [block for block in blocks if not isinstance(block, Warnings) or block.lines])


def _warnings(categories: pd.DataFrame) -> Iterator[str]:
    for row in categories.to_dict("records"):
        if row["n_failed"] > 0:
            yield (
                f"{plain(row['run'])}: all objects of {row['n_failed']:.0f} of {row['n_images']:.0f} images count as "
                "missed, as there is no prediction."
            )


def _categories(categories: pd.DataFrame) -> pd.DataFrame:
    shown = {"run": categories["run"], "images": categories["n_images"], "annotated": categories["n_true"]}
    shown |= {category: categories[f"n_true_{category}"] for category in OF_TRUE}
    shown[SPURIOUS] = categories[f"n_pred_{SPURIOUS}"]
    shown |= {f"{category} events": categories[f"n_events_{category}"] for category in ERRORS[:3]}
    shown["lost to the border rule"] = categories["n_lost_to_border_rule"]
    return pd.DataFrame(shown)


def _gains(gains: pd.DataFrame, by: str) -> pd.DataFrame:
    """Return a row for each run (and modality) with a column for each kind of error."""
    some = gains[gains["by"] == by]
    keys = ["run", "stratum"]
    first = some.drop_duplicates(keys).set_index(keys)
    wide = some.pivot(index=keys, columns="category", values="gain").reindex(first.index)
    table = wide[[*ERRORS, ALL]].rename(columns={ALL: "all: 1 - F1"})
    table.insert(0, "F1", first["f1"])
    table.insert(0, "images", first["n_images"])
    table = table.reset_index().rename(columns={"stratum": "modality"})
    return table.drop(columns="modality") if by == OVERALL else table


def _recall(strata: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each stratum with its number of objects and the recall of each run."""
    some = strata[strata["by"].isin((*QUANTITIES, MODALITY))]
    some = some[(some["n_true"] > 0) | (some["stratum"] != UNDEFINED)]
    keys = ["by", "stratum"]
    first = some.drop_duplicates(keys).set_index(keys)
    runs = list(dict.fromkeys(some["run"]))
    wide = some.pivot(index=keys, columns="run", values="recall").reindex(first.index)[runs]
    bounds = zip(first.index, first["low"], first["high"], strict=True)
    shown = pd.DataFrame({
        "by": [by for by, _ in first.index],
        "stratum": [_name(by, stratum, low, high) for (by, stratum), low, high in bounds],
        "objects": first["n_true"].to_numpy(int),
    })  # fmt: skip
    return pd.concat([shown, wide.reset_index(drop=True)], axis=1)


def _name(by: str, stratum: str, low: float, high: float) -> str:
    if by == MODALITY or stratum == UNDEFINED:
        return stratum
    return f"{interval(low, high)} {UNITS[by]}".strip()


def _hard_for_all(difficulty: pd.DataFrame) -> str:
    n = int(difficulty["hard_for_all"].sum())
    return (
        f"{n} of {len(difficulty)} images {'is' if n == 1 else 'are'} hard for all models: among the worst of each. "
        "What they have in common says more about the data than about any model."
    )


def _difficulty(difficulty: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({
        "image": difficulty["image"],
        "mean F1": difficulty["mean_f1"],
        "worst model's F1": difficulty["worst_f1"],
        "best model's F1": difficulty["best_f1"],
        "hard for": [f"{n} of {of}" for n, of in zip(difficulty["n_hard"], difficulty["n_models"], strict=True)],
    })  # fmt: skip
