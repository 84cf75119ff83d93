"""Whether a release may be promoted to a stage, by the conditions of that stage."""

from dataclasses import dataclass

import pandas as pd

from cellarena.evaluation.coverage import COVERED
from cellarena.evaluation.trials import DIGITS
from cellarena.evaluation.uncertainty import spread_over_images
from cellarena.registry.packages.conditions import Gate
from cellarena.registry.packages.licences import UNKNOWN
from cellarena.registry.packages.package import Package


@dataclass(frozen=True)
class Check:
    """One thing that was looked at before a promotion."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True)
class Candidate:
    """A release as it is judged: unet@v1.0.0, what it says of itself, and `packing.score_lines`."""

    label: str
    package: Package
    scores: pd.DataFrame


def judge(candidate: Candidate, holder: Candidate | None, gate: Gate, confidence: float) -> list[Check]:
    """Return the checks of a stage's gate.

    Args:
        candidate: to be promoted.
        holder: the release that is in the stage now, None if it is empty.
        gate: the stage's conditions.
        confidence: that it is not worse by the margin; the level of one-sided tests is what this lacks to 1.
    """
    return [_coverage(candidate, gate), _not_worse(candidate, holder, gate, confidence), _licence(candidate, gate)]


def _coverage(candidate: Candidate, gate: Gate) -> Check:
    n_expected, n_covered = len(candidate.scores), int(candidate.scores["status"].isin(COVERED).sum())
    share = n_covered / n_expected if n_expected else 0.0
    words = f"{n_covered} of {n_expected} test images were scored; the stage asks for {gate.coverage:.0%}"
    return Check("coverage", share >= gate.coverage, words)


def _not_worse(candidate: Candidate, holder: Candidate | None, gate: Gate, confidence: float) -> Check:
    """Test the hypothesis that the candidate is worse by the margin or more, on the same images."""
    name = "not worse"
    if holder is None:
        return Check(name, True, "no release holds the stage")
    if gate.margin >= 1:
        return Check(name, True, f"the stage does not compare with {holder.label}, which holds it")
    both = candidate.scores.merge(holder.scores, on=["image", "true_sha256"], suffixes=("", "_holder"))
    if len(both) < len(candidate.scores) or len(both) < 2:
        words = f"was scored on {len(both)} of the {len(candidate.scores)} test images; release it anew from these data"
        return Check(name, False, f"{holder.label}, which holds the stage, {words} to compare")
    difference = (both["f1"] - both["f1_holder"]).round(DIGITS).to_numpy()
    spread, mean = spread_over_images(difference), float(difference.mean())
    assert spread  # as there are two images or more
    p = spread.noninferiority_p(mean, gate.margin)
    passed = p <= 1 - confidence
    told = "is not worse" if passed else "cannot be told not to be worse"
    words = (
        f"{candidate.label} {told} than {holder.label} by {gate.margin:g} F1: difference {mean:+.3f} on "
        f"{len(both)} images, p {p:.2g} (at most {1 - confidence:.2g} is asked)"
    )
    return Check(name, passed, words)


def _licence(candidate: Candidate, gate: Gate) -> Check:
    licence = candidate.package.licence
    kinds = {"unknown": licence.name == UNKNOWN, "non-commercial": licence.is_non_commercial}
    refused = [kind for kind, holds in kinds.items() if holds and kind in gate.forbid]
    why = ", ".join(f"{parent} ({name})" for parent, name in licence.parents.items())
    kind = "non-commercial" if licence.is_non_commercial else "open to commerce, as far as it is known"
    words = f"{licence.name}, {kind}; from {why}"
    return Check("licence", not refused, f"{words}; the stage forbids {' and '.join(refused)}" if refused else words)
