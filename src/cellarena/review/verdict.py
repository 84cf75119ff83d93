"""The sentence that a review begins with."""

from collections.abc import Sequence
from typing import Any

import pandas as pd

from cellarena.datasets.names import listed
from cellarena.evaluation.verdicts import Finding, claim_of
from cellarena.reporting.tables import plain
from cellarena.review.contents import CHANGED, GONE, NEW, PARTS, SAME, Review

_TOLD = 3
"""Runs that the sentence tells one by one."""
_EQUAL = "made anew with the same scores"


def verdict_sentence(review: Review) -> str:
    """Return in one sentence what the change does to the results."""
    changes, runs = review.changes, review.changes.runs
    kinds = _kinds(runs)
    parts = [_changed(review, kinds[CHANGED])] if kinds[CHANGED] else []
    parts += [
        f"{n} {'run is' if n == 1 else 'runs are'} {kind} ({listed(kinds[kind], _TOLD)})"
        for kind in (NEW, GONE)
        if (n := len(kinds[kind]))
    ]
    if not parts:
        parts.append("no result changed")
    if len(changes.data):
        parts.append(f"data changed ({listed(changes.data['output'], _TOLD)})")
    if altered := changes.altered:
        parts.append(f"but no stage made {len(altered)} of the results in git ({listed(altered, _TOLD)})")
    sentence = "; ".join(parts)
    return f"{sentence[0].upper()}{sentence[1:]}."


def _changed(review: Review, names: Sequence[str]) -> str:
    found = review.results.compared
    known: dict[str, dict[Any, Any]] = {line["name"]: line for line in found.to_dict("records")}
    told = f"{len(names)} of {review.changes.n_runs} runs changed: "
    equal = set(review.changes.runs.loc[review.changes.runs["scores"] == SAME, "run"])
    if len(names) <= _TOLD:
        margin = review.settings.smallest_effect
        said = (_EQUAL if name in equal else _said(known.get(name), margin) for name in names)
        return told + "; ".join(f"{plain(name)} is {words}" for name, words in zip(names, said, strict=True))
    verdicts = [known[name]["on_these_images"] if name in known else "" for name in names if name not in equal]
    counts = [
        f"{verdicts.count(verdict)} {words}"
        for verdict, words in (("better", "better"), ("worse", "worse"), ("equivalent", "equivalent"),
                               ("no difference shown", "without a difference shown"), ("", "not compared"))
        if verdict in verdicts
    ]  # fmt: skip
    counts += [f"{len(equal & set(names))} with the same scores"] if equal & set(names) else []
    return told + ", ".join(counts) + " on these images"


def _said(line: dict[Any, Any] | None, margin: float) -> str:
    """Return what is known of a run by its line of F1, such as "worse by 0.021 F1 [0.010, 0.033] on these images"."""
    if line is None:
        return "not compared (see below)"
    low, high, p = line["images_low"], line["images_high"], line["images_p_holm"]
    verdict = line["on_these_images"]
    if verdict in {"better", "worse", "equivalent"}:
        finding = Finding(line["difference"], (low, high), p, line["images_equivalence_p_holm"])
        return claim_of(verdict, finding, margin, "F1") + " on these images"
    if pd.isna(low):
        return f"not to be told from {line['n_images']} image{'s' * (line['n_images'] != 1)}"
    return f"not shown to differ on these images: {line['difference']:+.3f} F1 [{low:.3f}, {high:.3f}], p {p:.2g}"


def _kinds(runs: pd.DataFrame) -> dict[str, list[str]]:
    """Return the runs that are new, gone or changed; a part that was added to a run is a change of it."""
    found: dict[str, list[str]] = {CHANGED: [], NEW: [], GONE: []}
    for line in runs.to_dict("records"):
        states = {line[part] for part in PARTS} & {CHANGED, NEW, GONE, SAME}
        found[states.pop() if len(states) == 1 and states != {SAME} else CHANGED].append(line["run"])
    return found
