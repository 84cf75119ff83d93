"""The metrics beside those of other published packages, on the golden set without any border rule."""

import math

import pytest

from cellarena.evaluation.protocols.strict import WITH_BORDER, score_strict
from golden_set import golden_pairs
from peer_differences import DIFFERENCES
from peers import FIXTURES, OURS, values

PAIRS = {pair.name: pair for pair in golden_pairs()}
# MONAI adds 1e-6 to denominators, torchmetrics and stardist's IoU have single precision.
NEARLY = {"abs": 2e-6, "rel": 1e-6, "nan_ok": True}


def ours(pair):
    """Return the scores of a pair without the border rule, by threshold (None for none) and metric."""
    rows = {(None if math.isnan(t) else t, name): v for t, name, v in score_strict(pair.true, pair.pred, (0.5, 0.75))}
    return rows | {
        (t, name.removesuffix(WITH_BORDER)): v for (t, name), v in rows.items() if name.endswith(WITH_BORDER)
    }


def explained(peer, pair, metric):
    """Return the reasons why a package differs."""
    return [d for d in DIFFERENCES if peer in d.peers and metric in d.metrics and pair in d.pairs]


@pytest.mark.parametrize("peer", OURS)
@pytest.mark.parametrize("pair", PAIRS.values(), ids=str)
def test_other_packages_agree_or_differ_for_a_reason(peer, pair):
    here, there = ours(pair), values(peer, pair)
    for metric, key in OURS[peer].items():
        reasons = explained(peer, pair.name, metric)
        if reasons:
            assert len(reasons) == 1, f"{metric}: more than one reason"
            assert there[metric] == pytest.approx(reasons[0].theirs(pair, metric), **NEARLY), reasons[0].reason
            assert there[metric] != pytest.approx(here[key], **NEARLY), f"{metric}: no longer differs"
        else:
            assert there[metric] == pytest.approx(here[key], **NEARLY), metric


@pytest.mark.parametrize("peer", FIXTURES)
def test_kept_values_cover_the_golden_set_and_name_their_versions(peer):
    assert set(FIXTURES[peer]["values"]) == set(PAIRS)
    assert FIXTURES[peer]["versions"][peer]


def test_every_package_is_asked_and_every_difference_concerns_the_golden_set():
    assert set(FIXTURES) == set(OURS) - {"torchmetrics", "monai"}
    for difference in DIFFERENCES:
        assert set(difference.pairs) <= set(PAIRS)
        assert set(difference.peers) <= set(OURS)
        assert all(any(metric in OURS[peer] for peer in difference.peers) for metric in difference.metrics)
