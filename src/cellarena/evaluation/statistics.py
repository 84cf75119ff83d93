"""Which row is better, and how sure that is: every pair of rows, and every row by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from cellarena.evaluation.bootstrap import (
    UNDEFINED,
    crossed_differences,
    crossed_interval,
    crossed_means,
    images_interval,
)
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.paired import cliffs_delta, holm, noise_floor, signed_rank_p, standardised_difference
from cellarena.evaluation.power import Question, more_images, more_seeds, smallest_detectable, times_both
from cellarena.evaluation.trials import PairedTrials, Trials, pair
from cellarena.evaluation.uncertainty import Spread, spread_of_difference, spread_of_mean, spread_over_images
from cellarena.evaluation.verdicts import Finding, Outlook, verdict_of, words_of, words_without_models
from cellarena.seeds import generator
from cellarena.tables import ROW, integers, numbers, schema, texts

INTERVAL = numbers("low?, high?", "interval for other trainings on other images; empty with one seed", "F1")
IMAGES_INTERVAL = numbers("images_low?, images_high?", "BCa interval for these trainings on other images", "F1")
EFFECT = (*numbers("delta?", "Cliff's delta over images"), *numbers("d_z?", "standardised mean difference over images"))
OUTLOOK = (
    *numbers("smallest_detectable?", "difference, with 80 % power at the strictest level of the family", "F1"),
    *integers("more_seeds?, more_images?", "about as many more would settle it"),
    *integers("times_both?", "about this many times the seeds and the images would settle it"),
)
VERDICT = (
    *texts("verdict", "about the models: better, worse, equivalent, cannot tell"),
    *texts("on_these_images", "about these trainings alone"),
    *texts("words", "both in a sentence"),
)
PAIRS = schema(
    "pairwise",
    "Every pair of rows compared by F1 at IoU 0.5, paired by image; `_holm` is adjusted over the table",
    texts("a, b", "the rows: model-arm"),
    integers("n_images", "on which both have a value"),
    integers("n_seeds_a, n_seeds_b", "trainings of each"),
    numbers("difference?", "mean over images of the seeds' means, a minus b", "F1"),
    INTERVAL,
    numbers("p?, p_holm?", "of no difference between the models: the larger of t test and signed-rank test"),
    IMAGES_INTERVAL,
    numbers("images_p?, images_p_holm?", "Wilcoxon's, of no difference between these trainings"),
    EFFECT,
    numbers("equivalence_p?, equivalence_p_holm?", "of a difference between the models that matters"),
    numbers("images_equivalence_p?, images_equivalence_p_holm?", "the same of these trainings"),
    OUTLOOK, VERDICT,
)  # fmt: skip
INTERVALS = schema(
    "intervals", "Every row's mean F1 at IoU 0.5 with its intervals",
    ROW,
    integers("n_images", "where it has a value"),
    integers("n_seeds", "trainings"),
    numbers("mean?", "over images, then seeds", "F1"),
    INTERVAL, IMAGES_INTERVAL,
    numbers("noise_floor?", "how far two trainings are apart that differ in the seed alone, on average", "F1"),
)  # fmt: skip


@dataclass(frozen=True)
class _Known:
    """A pair before its verdict: the line of the table as far as it is known, and what the verdict needs besides."""

    line: dict[str, Any]
    pair: PairedTrials
    spread: Spread | None


def pairwise(trials: Sequence[Trials], settings: Comparing, metric: str = "F1") -> pd.DataFrame:
    """Return every pair of rows compared, the family of tests being all of them.

    Args:
        trials: the rows, those that are expected to be better first.
        settings: the smallest effect of interest, confidence, resamples.
        metric: as the words name it.

    Returns:
        As `compare_pairs`, a line per pair, in the order of the rows.

    Raises:
        ValueError: if two rows have one name or are on different images.
    """
    _refuse_same_names(trials)
    return compare_pairs([pair(a, b) for a, b in combinations(trials, 2)], settings, metric)


def compare_pairs(pairs: Sequence[PairedTrials], settings: Comparing, metric: str = "F1") -> pd.DataFrame:
    """Return pairs of rows compared, the family of tests being all of them.

    `low`, `high`, `p`, `equivalence_p` concern the models; they are NaN where a learned row has one seed. `p` is the
    larger of that of the t test with the variance of seeds and images and that of Wilcoxon's signed-rank test over
    images, so that a verdict needs both. The strictest level of the family is that of Holm's first step.

    Args:
        pairs: those that are declared to be compared, and no other.
        settings: the smallest effect of interest, confidence, resamples.
        metric: as the words name it.

    Returns:
        The columns of PAIRS; a line per pair, in their order. A pair's line does not depend on the other pairs but for
        `_holm`, the outlook and what follows from them.
    """
    known = [_known(both, settings) for both in pairs]
    for name in ("p", "images_p", "equivalence_p", "images_equivalence_p"):
        adjusted = holm(np.array([entry.line[name] for entry in known], np.float64))
        for entry, value in zip(known, adjusted, strict=True):
            entry.line[f"{name}_holm"] = float(value)
    lines = [{**entry.line, **_concluded(entry, settings, len(known), metric)} for entry in known]
    return pd.DataFrame(lines, columns=PAIRS.names)


def intervals(trials: Sequence[Trials], settings: Comparing) -> pd.DataFrame:
    """Return every row's mean with its intervals and its noise floor.

    Args:
        trials: the rows.
        settings: confidence and resamples.

    Returns:
        The columns of INTERVALS, in the order of the rows.

    Raises:
        ValueError: if two rows have one name.
    """
    _refuse_same_names(trials)
    return pd.DataFrame([_interval_line(row, settings) for row in trials], columns=INTERVALS.names)


def _known(both: PairedTrials, settings: Comparing) -> _Known:
    difference, confidence = both.difference, settings.confidence
    mean = float(difference.mean()) if difference.size else float("nan")
    rng = generator(0, "pairwise", both.a.row, both.b.row)
    spread = spread_of_difference(both)
    images = images_interval(difference, confidence, settings.resamples, rng)
    models = UNDEFINED
    if spread:
        resampled = crossed_differences(both, settings.resamples, rng)
        models = crossed_interval(mean, spread, resampled, confidence)
    images_p, here = signed_rank_p(difference), spread_over_images(difference)
    line = {
        "a": both.a.row,
        "b": both.b.row,
        "n_images": both.n_images,
        "n_seeds_a": both.a.n_seeds,
        "n_seeds_b": both.b.n_seeds,
        "difference": mean,
        "low": models[0],
        "high": models[1],
        "p": max(spread.p(mean), images_p) if spread else float("nan"),
        "images_low": images[0],
        "images_high": images[1],
        "images_p": images_p,
        "delta": cliffs_delta(difference),
        "d_z": standardised_difference(difference),
        "equivalence_p": spread.equivalence_p(mean, settings.smallest_effect) if spread else float("nan"),
        "images_equivalence_p": here.equivalence_p(mean, settings.smallest_effect) if here else float("nan"),
    }
    return _Known(line, both, spread)


def _concluded(known: _Known, settings: Comparing, n_pairs: int, metric: str) -> dict[str, Any]:
    """Return the verdict on a pair and what the design can see."""
    confidence, margin, mean = settings.confidence, settings.smallest_effect, known.line["difference"]
    models, here = _finding(known.line, ""), _finding(known.line, "images_")
    shown = verdict_of(here, confidence)
    outlook = _outlook(known.spread, Question(mean, margin, (1 - confidence) / n_pairs))
    if known.spread:
        words = words_of(models, outlook, confidence, margin, metric)
    else:
        words = words_without_models(here, _reason(known.pair), confidence, margin, metric)
    return {
        "smallest_detectable": outlook.smallest_detectable,
        "more_seeds": outlook.more_seeds,
        "more_images": outlook.more_images,
        "times_both": outlook.times_both,
        "verdict": verdict_of(models, confidence),
        "on_these_images": "no difference shown" if shown == "cannot tell" else shown,
        "words": words,
    }


def _outlook(spread: Spread | None, question: Question) -> Outlook:
    if spread is None:
        return Outlook(*[float("nan")] * 4)
    return Outlook(
        smallest_detectable(spread, question.level),
        more_seeds(question, spread),
        more_images(question, spread),
        times_both(question, spread),
    )


def _reason(both: PairedTrials) -> str:
    if both.n_images < 2:
        return f"{both.n_images} image{'s' * (both.n_images != 1)} with a value of both"
    single = [row.row for row in (both.a, both.b) if not row.has_seed_spread]
    return "1 seed" if len(single) == 2 else f"1 seed of {single[0]}"


def _interval_line(row: Trials, settings: Comparing) -> dict[str, Any]:
    defined = row.defined()
    mean = float(defined.values.mean()) if defined.n_images else float("nan")
    rng = generator(0, "interval", row.row)
    images = images_interval(defined.by_image, settings.confidence, settings.resamples, rng)
    models, spread = UNDEFINED, spread_of_mean(row)
    if spread:
        resampled = crossed_means(defined, settings.resamples, rng)
        models = crossed_interval(mean, spread, resampled, settings.confidence)
    found = (row.row, defined.n_images, row.n_seeds, mean, *models, *images, noise_floor(row))
    return dict(zip(INTERVALS.names, found, strict=True))


def _finding(line: dict[str, Any], about: str) -> Finding:
    """Return what is known of the models (`about` is empty) or of these trainings ("images_")."""
    interval = line[f"{about}low"], line[f"{about}high"]
    return Finding(line["difference"], interval, line[f"{about}p_holm"], line[f"{about}equivalence_p_holm"])


def _refuse_same_names(trials: Sequence[Trials]) -> None:
    names = [row.row for row in trials]
    if len(set(names)) < len(names):
        raise ValueError(f"a row comes twice among {', '.join(names)}")
