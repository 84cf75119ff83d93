"""The part of the report that says which rows differ, and how sure that is."""

from collections.abc import Sequence

import pandas as pd

from cellarena.evaluation.mixed_model import FITTED
from cellarena.reporting.document import Block, Illustration, Notes, Section, ShownTable, Text, Warnings
from cellarena.reporting.tables import other_table, plain


def statistics_section(
    pairs: pd.DataFrame,
    ranks: pd.DataFrame,
    intervals: pd.DataFrame,
    mixed: pd.DataFrame,
    figures: Sequence[Illustration],
    smallest_effect: float,
    confidence: float,
) -> Section:
    """Return the section on differences between rows: verdicts in words, intervals, ranks, what they rest on.

    Args:
        pairs: as `evaluation.statistics.pairwise` makes it.
        ranks: as `evaluation.rank_tests.rank_table` makes it.
        intervals: as `evaluation.statistics.intervals` makes it.
        mixed: as `evaluation.mixed_model.mixed_model` makes it.
        figures: of these tables.
        smallest_effect: a difference below it does not matter.
        confidence: of intervals and tests.
    """
    blocks: list[Block] = []
    if lines := _cautions(pairs, intervals):
        blocks.append(Warnings(lines))
    blocks += [Text(_summary(pairs)), *figures]
    blocks.append(ShownTable("Mean F1 with intervals", other_table(_intervals(intervals))))
    if len(pairs):
        blocks.append(ShownTable("Verdict on every pair", other_table(_verdicts(pairs))))
        blocks.append(ShownTable("Tests and effect sizes of every pair", other_table(_numbers(pairs))))
    blocks.append(ShownTable("Mean ranks", other_table(ranks[["row", "mean_rank", "group", "n_images", "n_seeds"]])))
    blocks.append(Notes([*_explanations(smallest_effect, confidence), *_ranks(ranks), *_check(mixed)]))
    return Section("Which differences are real", blocks)


def _summary(pairs: pd.DataFrame) -> str:
    counts = pairs["verdict"].value_counts()
    told = int(counts.get("better", 0) + counts.get("worse", 0))
    return (
        f"Of {len(pairs)} pairs {told} differ, {int(counts.get('equivalent', 0))} are equivalent, and of "
        f"{int(counts.get('cannot tell', 0))} nobody can tell from these trainings and images."
    )


def _cautions(pairs: pd.DataFrame, intervals: pd.DataFrame) -> list[str]:
    unknown = intervals[intervals["low"].isna()]
    rows = ", ".join(plain(row) for row in unknown["row"])
    found = []
    if len(unknown):
        found.append(
            f"No interval for the model ({rows}): with 1 seed the spread between trainings is unknown. What is said of "
            "these trainings on these images may be the luck of a seed."
        )
    if len(pairs) and pairs["n_images"].nunique() > 1:
        found.append("Pairs rest on different numbers of images: those on which both rows have a value.")
    return found


def _intervals(intervals: pd.DataFrame) -> pd.DataFrame:
    headings = {
        "row": "row", "n_seeds": "seeds", "n_images": "images", "mean": "F1", "low": "low", "high": "high",
        "images_low": "low, these trainings", "images_high": "high, these trainings", "noise_floor": "noise floor",
    }  # fmt: skip
    return intervals[list(headings)].rename(columns=headings)


def _verdicts(pairs: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"row": pairs["a"], "against": pairs["b"], "verdict": pairs["words"]})


def _numbers(pairs: pd.DataFrame) -> pd.DataFrame:
    headings = {
        "a": "row", "b": "against", "n_images": "images", "difference": "difference", "p": "p",
        "p_holm": "p, all pairs", "images_p_holm": "p, these trainings",
        "equivalence_p_holm": "p of a difference that matters", "delta": "Cliff's delta", "d_z": "d_z",
        "smallest_detectable": "smallest detectable", "more_seeds": "more seeds", "more_images": "more images",
    }  # fmt: skip
    return pairs[list(headings)].rename(columns=headings).astype({"more seeds": "Int64", "more images": "Int64"})


def _explanations(smallest_effect: float, confidence: float) -> list[str]:
    level = f"{100 * confidence:g} %"
    return [
        "A conclusion is to hold for other images and other trainings of the same model: images are the units, seeds "
        "are repetitions of the training and never count as more images. A row is a model on an arm.",
        f"“Better” and “worse” need an interval ({level}, seeds and images resampled, widened as few seeds ask for) "
        "without 0, and both a t test with the variance of seeds and images and Wilcoxon's signed-rank test over "
        "images, adjusted by Holm over all pairs.",
        f"“Equivalent” needs two one-sided tests, adjusted alike, to put the difference within {smallest_effect:g} F1.",
        "The smallest detectable difference is found with 80 % power at the strictest level of the family. How many "
        "more seeds or images would do follows from the spread seen so far, and is about right at best.",
        "The noise floor is how far the means of two trainings that differ in nothing but the seed are apart on "
        "average; a difference of that size means nothing.",
    ]


def _ranks(ranks: pd.DataFrame) -> list[str]:
    first = ranks.iloc[0]
    if pd.isna(first["friedman_p"]):
        return ["Friedman's test needs three rows that differ: no rank is told from another."]
    return [
        f"Friedman's test over {int(first['n_images'])} images: chi² {first['friedman_chi2']:.1f}, "
        f"p {first['friedman_p']:.2g}, Kendall's W {first['kendall_w']:.2f}. Rows with a letter in common are not told "
        f"apart: their mean ranks differ by less than {first['critical_difference']:.2f} (Nemenyi). Ranks are those of "
        "the means over seeds and know nothing of the spread between trainings."
    ]


def _check(mixed: pd.DataFrame) -> list[str]:
    if mixed.empty:
        return []
    first = mixed.iloc[0]
    if first["status"] != FITTED:
        return [f"Check by a mixed model: {plain(first['status'])}."]
    shown = ", ".join(
        f"{plain(line['row'])} {line['difference']:+.3f} ± {1.96 * line['standard_error']:.3f}"
        for line in mixed.to_dict("records")
    )
    return [
        f"Check by a mixed model (value ~ row + image + seed of the row), difference from {plain(first['than'])}: "
        f"{shown}; standard deviation between images {first['sd_images']:.3f}, seeds {first['sd_seeds']:.3f}."
    ]
