"""The sentence that a review begins with."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cellarena.evaluation.verdicts import Finding, claim_of
from cellarena.reporting.tables import plain
from cellarena.review.contents import CHANGED, GONE, NEW, PARTS, SAME, Review

_TOLD = 3
"""Runs that the sentence tells one by one."""


def verdict_sentence(review: Review) -> str:
    """Return in one sentence what the change does to the results."""
    changes, runs = review.changes, review.changes.runs
    kinds = _kinds(runs)
    parts = [_changed(review, kinds[CHANGED])] if kinds[CHANGED] else []
    parts += [
        f"{_count(len(kinds[kind]))} {verb} {kind} ({_listed(kinds[kind])})"
        for kind in (NEW, GONE)
        if kinds[kind]
        for verb in ("is" if len(kinds[kind]) == 1 else "are",)
    ]
    data = list(changes.data["output"])
    if not parts:
        parts.append("no result changed")
    if data:
        parts.append(f"data changed ({_listed(data)})")
    if altered := changes.altered:
        parts.append(f"but no stage made {len(altered)} of the results in git ({_listed(altered)})")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def clause(line: dict[Any, Any], margin: float, about: str) -> str:
    """Return what is known of one run or row, such as "worse by 0.021 F1 [0.010, 0.033] on these images".

    Args:
        line: of `Results.compared` or `Results.rows`.
        margin: the smallest effect of interest.
        about: "images_" for these trainings on other images, empty for the model.
    """
    interval = line[f"{about}low"], line[f"{about}high"]
    finding = Finding(line["difference"], interval, line[f"{about}p_holm"], line[f"{about}equivalence_p_holm"])
    where = " on these images" if about else " whatever the seed"
    verdict = line["on_these_images"] if about else line["verdict"]
    if verdict in {"better", "worse", "equivalent"}:
        return claim_of(verdict, finding, margin, "F1") + where
    if pd.isna(interval[0]):
        return f"not to be told from {line['n_images']} image{'s' * (line['n_images'] != 1)}"
    numbers = f"{line['difference']:+.3f} F1 [{interval[0]:.3f}, {interval[1]:.3f}], p {line[f'{about}p_holm']:.2g}"
    return f"not shown to differ{where}: {numbers}"


def _changed(review: Review, names: Sequence[str]) -> str:
    found = review.results.compared
    known: dict[str, dict[Any, Any]] = {line["name"]: line for line in found.to_dict("records")}
    told = f"{len(names)} of {review.changes.n_runs} runs changed: "
    equal = set(review.changes.runs.loc[review.changes.runs["scores"] == SAME, "run"])
    if len(names) <= _TOLD:
        said = [f"{plain(name)} is {_said(known.get(name), name in equal, review)}" for name in names]
        return told + "; ".join(said)
    verdicts = [known[name]["on_these_images"] if name in known else "" for name in names if name not in equal]
    counts = [
        f"{verdicts.count(verdict)} {words}"
        for verdict, words in (("better", "better"), ("worse", "worse"), ("equivalent", "equivalent"),
                               ("no difference shown", "without a difference shown"), ("", "not compared"))
        if verdict in verdicts
    ]  # fmt: skip
    counts += [f"{len(equal & set(names))} with the same scores"] if equal & set(names) else []
    return told + ", ".join(counts) + " on these images"


def _said(line: dict[Any, Any] | None, is_equal: bool, review: Review) -> str:
    if is_equal:
        return "made anew with the same scores"
    if line is None:
        return "not compared (see below)"
    return clause(line, review.settings.smallest_effect, "images_")


def _kinds(runs: pd.DataFrame) -> dict[str, list[str]]:
    """Return the runs that are new, gone or changed; a part that was added to a run is a change of it."""
    found: dict[str, list[str]] = {CHANGED: [], NEW: [], GONE: []}
    for line in runs.to_dict("records"):
        states = {line[part] for part in PARTS} & {CHANGED, NEW, GONE, SAME}
        found[states.pop() if len(states) == 1 and states != {SAME} else CHANGED].append(line["run"])
    return found


def _count(n: int) -> str:
    return f"{n} run{'s' * (n != 1)}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _TOLD} more" if len(names) > _TOLD else ""
    return ", ".join(map(plain, names[:_TOLD])) + more
