"""The report of the augmentation study: the answer, the dose response, the verdicts, modalities, and its limits."""

from collections.abc import Sequence

import pandas as pd

from cellarena.evaluation.study_words import model_sentence
from cellarena.reporting.document import Block, Illustration, Notes, Section, ShownTable, Text, Warnings
from cellarena.reporting.tables import UNDEFINED, other_table, plain

_CONTENTS = {
    "label": "arm", "n_real": "real", "n_repeats": "repeated", "n_synthetic": "synthetic", "generator": "generator",
    "n_seeds": "seeds", "n_images": "test images", "mean": "F1", "difference": "difference", "low": "low",
    "high": "high", "verdict": "verdict",
}  # fmt: skip
_NUMBERS = {
    "label": "arm", "reference_label": "against", "difference": "difference", "images_low": "low, these trainings",
    "images_high": "high, these trainings", "p": "p", "p_holm": "p, Holm", "equivalence_p_holm": "p equivalent, Holm",
    "delta": "Cliff's delta", "d_z": "d_z", "smallest_detectable": "smallest detectable", "more_seeds": "more seeds",
    "more_images": "more images",
}  # fmt: skip
_PARTS = {
    "modality": "modality", "label": "arm", "reference_label": "against", "n_images": "test images", "mean": "F1",
    "difference": "difference", "low": "low", "high": "high", "verdict": "verdict",
}  # fmt: skip


def no_study_section() -> Section:
    """Return what stands in place of all others where params.yaml declares no study."""
    return Section("No study", [Text("No study is declared: study.models in params.yaml is empty.")])


def answer_section(table: pd.DataFrame, smallest_effect: float) -> Section:
    """Return one sentence for each model, and one for each of its arms.

    Args:
        table: as from `evaluation.study.study_table`, with a line at least.
        smallest_effect: a difference below it does not matter.
    """
    blocks: list[Block] = []
    if (table["n_seeds"] == 1).any():
        blocks.append(Warnings([
            "With 1 seed the spread between trainings is unknown: there is no interval for a model, and no verdict. "
            "What is said of these trainings on these images may be the luck of a seed."
        ]))  # fmt: skip
    for model, lines in table.groupby("model", sort=False):
        blocks.append(Text(plain(model_sentence(lines, smallest_effect))))
        blocks.append(Notes([f"{plain(model)}: {plain(words)}." for words in lines.loc[_tested(lines), "words"]]))
    return Section("Do synthetic images help?", blocks)


def dose_section(table: pd.DataFrame, figures: Sequence[Illustration]) -> Section:
    """Return every arm of every model with what it learns from, its score and its difference from R.

    Args:
        table: as from `evaluation.study.study_table`.
        figures: of the dose response.
    """
    blocks: list[Block] = [*figures]
    alone = table["reference"].isin(["", table["arm"].iloc[0]])
    for model, lines in table[alone].groupby("model", sort=False):
        shown = lines.assign(generator=[name or UNDEFINED for name in lines["generator"]])
        shown = shown[list(_CONTENTS)].rename(columns=_CONTENTS)
        blocks.append(ShownTable(f"Arms of {plain(model)}", other_table(shown)))
    first = table.iloc[0]
    blocks.append(Notes([
        f"Real, repeated and synthetic are numbers of images that an arm's networks learn from; "
        f"{plain(first['label'])} holds all {int(first['n_real'])} real training images. All arms train for the same "
        "number of optimizer steps.",
        "The difference is the mean over test images of the seeds' means; its interval is for other trainings on other "
        "images. Test images where an arm or its reference has no value do not count in it.",
    ]))  # fmt: skip
    return Section("Score against the share of synthetic images", blocks)


def comparisons_section(
    table: pd.DataFrame, figures: Sequence[Illustration], smallest_effect: float, confidence: float
) -> Section:
    """Return the tests behind the answer.

    Args:
        table: as from `evaluation.study.study_table`.
        figures: of the differences.
        smallest_effect: a difference below it does not matter.
        confidence: of intervals and tests.
    """
    tested, level = table[_tested(table)], f"{100 * confidence:g} %"
    blocks: list[Block] = [*figures]
    for model, lines in tested.groupby("model", sort=False):
        shown = lines[list(_NUMBERS)].rename(columns=_NUMBERS)
        shown = shown.astype({"more seeds": "Int64", "more images": "Int64"})
        blocks.append(ShownTable(f"Tests of {plain(model)}", other_table(shown)))
    blocks.append(Notes([
        f"One metric, F1 at IoU 0.5, and one family of {len(tested)} comparisons that params.yaml declares: every arm "
        "against the real images alone, and few real images with synthetic ones against as many alone.",
        f"“Better” and “worse” need an interval ({level}, seeds and images resampled) without 0, and both a t test "
        "with the variance of seeds and images and Wilcoxon's signed-rank test over images, adjusted by Holm. "
        f"“Equivalent” needs two one-sided tests, adjusted alike, to put the difference within {smallest_effect:g} F1.",
        "The smallest detectable difference is found with 80 % power at the strictest level of the family.",
    ]))  # fmt: skip
    return Section("Every arm against its reference", blocks)


def parts_section(table: pd.DataFrame, figures: Sequence[Illustration]) -> Section:
    """Return the same within each modality.

    Args:
        table: as from `evaluation.study.study_by_modality`.
        figures: of it.
    """
    blocks: list[Block] = [
        Text("A description: the study is planned for all images together; few images show only large effects."),
        *figures,
    ]
    for model, lines in table[_tested(table)].groupby("model", sort=False):
        shown = other_table(lines[list(_PARTS)].rename(columns=_PARTS))
        blocks.append(ShownTable(f"{plain(model)} by modality", shown))
    return Section("By modality", blocks)


def curves_section(figures: Sequence[Illustration]) -> Section:
    """Return the curves of the arms."""
    return Section("Curves of the arms", figures)


def limits_section(n_seeds: int, n_test: int) -> Section:
    """Return what this study cannot say.

    Args:
        n_seeds: trainings of each model on each arm.
        n_test: test images.
    """
    trainings = "training" if n_seeds == 1 else "trainings"
    return Section("Limits of the design", [Notes([
        f"Each arm rests on {n_seeds} {trainings} and {n_test} test images of one data set; generators were fitted and "
        "images drawn once, so that another fit of a generator may do better or worse than this one.",
        "Equal steps mean that an arm with more images sees each of them less often. An arm that repeats real images, "
        "if the study has one, shows what is due to that alone.",
        "A share is relative to the number of real images; more real images, longer trainings or other "
        "hyperparameters, which were chosen on real images, may change the answer.",
        "Test images are treated as independent; where several come from one experiment, the intervals are too narrow.",
    ])])  # fmt: skip


def _tested(table: pd.DataFrame) -> "pd.Series[bool]":
    return table["reference"] != ""
