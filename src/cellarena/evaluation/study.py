"""The augmentation study: every arm against the real images alone, for each model, and within each modality."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from cellarena.evaluation.arm_contents import Contents, references
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.statistics import (
    EFFECT,
    IMAGES_INTERVAL,
    INTERVAL,
    OUTLOOK,
    VERDICT,
    compare_pairs,
    intervals,
)
from cellarena.evaluation.study_words import arm_sentence
from cellarena.evaluation.summary import DIGITS, Summary, Tables, headlines, summarize
from cellarena.evaluation.trials import PairedTrials, Trials, pair, trials_of
from cellarena.records import REAL, Record
from cellarena.tables import ARM, MODALITY, MODEL, integers, numbers, schema, texts

REFERENCE = "reference"
"""Stands where an arm's verdict would, for the arm that the others are compared with."""
_TESTED = (
    *numbers("difference?", "mean over images of the seeds' means, arm minus reference", "F1"),
    *INTERVAL,
    *numbers("p?, p_holm?", "of no difference between the arms; adjusted over the table"),
    *IMAGES_INTERVAL,
    *numbers("images_p_holm?", "of no difference between these trainings"),
    *numbers("equivalence_p?, equivalence_p_holm?", "of a difference that matters"),
    *EFFECT,
    *OUTLOOK,
    *VERDICT[:2],
)
STUDY = schema(
    "study", "Every arm of every model against its reference; the arm `real` itself has the verdict reference",
    MODEL, ARM,
    texts("label", "the arm's name in figures"),
    texts("reference?, reference_label?", "the arm that it is compared with"),
    texts("generator?", "what made its synthetic images"),
    integers("n_real, n_repeats, n_synthetic", "images that it learns from: real, of them twice, synthetic"),
    numbers("share", "synthetic images relative to all real ones"),
    integers("n_seeds", "trainings"),
    integers("n_images", "test images, where the reference has a value too"),
    numbers("mean?", "of the arm by itself, over its images and seeds", "F1"),
    numbers("mean_low?, mean_high?", "its interval for other trainings on other images", "F1"),
    numbers("mean_reference?", "of the reference, on the images where both have a value", "F1"),
    _TESTED,
    VERDICT[2:],
)  # fmt: skip
STUDY_BY_MODALITY = schema(
    "study by modality", "The same within each modality: a description",
    MODALITY, STUDY.columns,
)  # fmt: skip


def study_table(table: pd.DataFrame, contents: Mapping[str, Contents], settings: Comparing) -> pd.DataFrame:
    """Return every arm of every model compared with its reference; the family of tests is the whole table.

    Args:
        table: a line per cell, as `summary.trial_table` returns it; rows are `model-arm`, models in their order.
        contents: of each arm, `real` among them, in the order in which they are told.
        settings: the smallest effect of interest, confidence, resamples.

    Returns:
        The columns of STUDY; for each model a line for the arm `real`, then one for each of `references`. No line
        without a model.

    Raises:
        ValueError: if a model lacks an arm, or `trials_of` finds the table wanting.
    """
    return _compared(_questions(table, contents), contents, settings)[STUDY.names]


def study_by_modality(
    table: pd.DataFrame, modalities: Mapping[str, str], contents: Mapping[str, Contents], settings: Comparing
) -> pd.DataFrame:
    """Return the same within each modality; a description, as the study is planned for all images together.

    Args:
        table: as for `study_table`.
        modalities: of each image.
        contents: as for `study_table`.
        settings: as for `study_table`.

    Returns:
        The columns of STUDY_BY_MODALITY, modalities sorted; p values are adjusted over the whole of this table.

    Raises:
        ValueError: as `study_table`.
    """
    kinds = table["image"].map(modalities)
    asked = [
        question
        for modality in sorted(set(modalities.values()))
        for question in _questions(table[kinds == modality], contents, modality)
    ]
    return _compared(asked, contents, settings)[STUDY_BY_MODALITY.names]


def study_summary(tables: Tables, records: Sequence[Record], table: pd.DataFrame) -> Summary:
    """Return the study's few numbers for a table of experiments.

    Args:
        tables: each run and the rows of one protocol in its score table.
        records: the test records.
        table: of `study_table`, of the same runs.

    Returns:
        model -> arm -> metric: those of `summary.headlines`, and `difference`, `low` and `high` against the real
        images alone, None where undefined. Empty without a run.
    """
    if not tables:
        return {}
    summary = headlines(summarize(tables, records))
    for line in table[table["reference"].isin(["", REAL])].to_dict("records"):
        numbers = {name: float(line[name]) for name in ("difference", "low", "high")}
        told = {name: None if math.isnan(value) else round(value, DIGITS) for name, value in numbers.items()}
        summary[line["model"]][line["arm"]] |= told
    return summary


@dataclass(frozen=True)
class _Question:
    """An arm of a model beside its reference; `both` is None for the arm that is only a reference itself."""

    modality: str
    model: str
    arm: str
    reference: str
    row: Trials
    both: PairedTrials | None


def _questions(table: pd.DataFrame, contents: Mapping[str, Contents], modality: str = "") -> list[_Question]:
    family = references(contents)
    if table.empty:
        return []
    rows = {trials.row: trials for trials in trials_of(table, [])}
    asked = []
    for model in dict.fromkeys(row.partition("-")[0] for row in table["row"]):
        if lacking := [arm for arm in contents if f"{model}-{arm}" not in rows]:
            raise ValueError(f"{model} has no scores on the arm {lacking[0]}; score every arm of the study")
        asked.append(_Question(modality, model, REAL, "", rows[f"{model}-{REAL}"], None))
        for arm, reference in family:
            row = rows[f"{model}-{arm}"]
            asked.append(_Question(modality, model, arm, reference, row, pair(row, rows[f"{model}-{reference}"])))
    return asked


def _compared(asked: Sequence[_Question], contents: Mapping[str, Contents], settings: Comparing) -> pd.DataFrame:
    tested = compare_pairs([question.both for question in asked if question.both], settings).to_dict("records")
    answers = iter(tested)
    lines = []
    for question in asked:
        line = _described(question, contents, settings)
        if question.both:
            answer = {str(name): value for name, value in next(answers).items()}
            line |= {column.name: answer[column.name] for column in _TESTED}
            line |= {"n_images": answer["n_images"], "mean_reference": float(question.both.b.by_image.mean())}
            line["words"] = arm_sentence(line["label"], line["reference_label"], answer, settings)
        lines.append(line)
    return pd.DataFrame(lines, columns=STUDY_BY_MODALITY.names)


def _described(question: _Question, contents: Mapping[str, Contents], settings: Comparing) -> dict[str, Any]:
    """Return the part of a line that needs no comparison."""
    held, alone = contents[question.arm], intervals([question.row], settings).iloc[0]
    reference = contents[question.reference].label if question.reference else ""
    return {
        "modality": question.modality,
        "model": question.model,
        "arm": question.arm,
        "reference": question.reference,
        "reference_label": reference,
        **asdict(held),
        "share": held.n_synthetic / contents[REAL].n_real,
        "n_seeds": question.row.n_seeds,
        "n_images": int(alone["n_images"]),
        "mean": alone["mean"],
        "mean_low": alone["low"],
        "mean_high": alone["high"],
        "verdict": REFERENCE,
        "on_these_images": REFERENCE,
        "words": f"{held.label} is what the other arms are compared with",
    }
