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

PAIR_COLUMNS = [
    "a", "b", "n_images", "n_seeds_a", "n_seeds_b", "difference", "low", "high", "p", "p_holm", "images_low",
    "images_high", "images_p", "images_p_holm", "delta", "d_z", "equivalence_p", "equivalence_p_holm",
    "images_equivalence_p", "images_equivalence_p_holm", "smallest_detectable", "more_seeds", "more_images",
    "times_both", "verdict", "on_these_images", "words",
]  # fmt: skip
INTERVAL_COLUMNS = ["row", "n_images", "n_seeds", "mean", "low", "high", "images_low", "images_high", "noise_floor"]


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

    `difference` is the mean over images of the seeds' means, a minus b. `low`, `high`, `p`, `equivalence_p` concern
    the models: other trainings on other images; they are NaN where a learned row has one seed. `p` is the larger of
    that of the t test with the variance of seeds and images and that of Wilcoxon's signed-rank test over images, so
    that a verdict needs both. Names with `images` concern these trainings on other images: a BCa interval, Wilcoxon's
    p, and the equivalence of these trainings. `_holm` is adjusted over the family. `smallest_detectable`,
    `more_seeds`, `more_images` and `times_both` are with 80 % power at the level of Holm's first step, the strictest.

    Args:
        pairs: those that are declared to be compared, and no other.
        settings: the smallest effect of interest, confidence, resamples.
        metric: as the words name it.

    Returns:
        Columns PAIR_COLUMNS; a line per pair, in their order. A pair's line does not depend on the other pairs but for
        `_holm`, the outlook and what follows from them.
    """
    known = [_known(both, settings) for both in pairs]
    for name in ("p", "images_p", "equivalence_p", "images_equivalence_p"):
        adjusted = holm(np.array([entry.line[name] for entry in known], np.float64))
        for entry, value in zip(known, adjusted, strict=True):
            entry.line[f"{name}_holm"] = float(value)
    lines = [{**entry.line, **_concluded(entry, settings, len(known), metric)} for entry in known]
    return pd.DataFrame(lines, columns=PAIR_COLUMNS)


def intervals(trials: Sequence[Trials], settings: Comparing) -> pd.DataFrame:
    """Return every row's mean with its intervals and its noise floor.

    `low` and `high` concern the model: other trainings on other images, NaN where a learned row has one seed.
    `images_low` and `images_high` concern these trainings on other images. `noise_floor` is how far two trainings
    that differ in nothing but the seed are apart on average.

    Args:
        trials: the rows.
        settings: confidence and resamples.

    Returns:
        Columns INTERVAL_COLUMNS, in the order of the rows.

    Raises:
        ValueError: if two rows have one name.
    """
    _refuse_same_names(trials)
    return pd.DataFrame([_interval_line(row, settings) for row in trials], columns=INTERVAL_COLUMNS)


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
    return dict(zip(INTERVAL_COLUMNS, found, strict=True))


def _finding(line: dict[str, Any], about: str) -> Finding:
    """Return what is known of the models (`about` is empty) or of these trainings ("images_")."""
    interval = line[f"{about}low"], line[f"{about}high"]
    return Finding(line["difference"], interval, line[f"{about}p_holm"], line[f"{about}equivalence_p_holm"])


def _refuse_same_names(trials: Sequence[Trials]) -> None:
    names = [row.row for row in trials]
    if len(set(names)) < len(names):
        raise ValueError(f"a row comes twice among {', '.join(names)}")
