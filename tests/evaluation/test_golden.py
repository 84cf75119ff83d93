"""Both protocols on pairs of label images whose scores were worked by hand."""

import math

import numpy as np
import pytest

from cellarena.evaluation.protocols.official import score_official
from cellarena.evaluation.protocols.strict import WITH_BORDER, score_strict
from golden_set import FOLDER, golden_pairs, read_pair
from slow_official import slow_official

PAIRS = golden_pairs()
THRESHOLDS = sorted({threshold for pair in PAIRS for threshold, _ in pair.objects if threshold is not None})


def scored(rows, threshold, metric):
    """Return the one value of a metric at a threshold (None for none) among the rows of an image."""
    found = [v for t, name, v in rows if name == metric and (t == threshold or (threshold is None and math.isnan(t)))]
    assert len(found) == 1, f"{metric} at {threshold}: {len(found)} rows"
    return found[0]


def differences(rows, expected, suffix=""):
    """Return what differs from the values worked by hand, by threshold and metric."""
    found = {key: (scored(rows, key[0], key[1] + suffix), float(value)) for key, value in expected.items()}
    return {key: pair for key, pair in found.items() if pair[0] != pytest.approx(pair[1], rel=1e-12, nan_ok=True)}


def test_the_set_is_large_and_its_names_are_unique():
    assert len(PAIRS) >= 16
    assert len({pair.name for pair in PAIRS}) == len(PAIRS)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_strict(pair):
    rows = score_strict(pair.true, pair.pred, THRESHOLDS)
    assert differences(rows, pair.objects | pair.pixels) == {}
    assert differences(rows, pair.with_border, WITH_BORDER) == {}


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_official(pair):
    rows = score_official(pair.true, pair.pred, THRESHOLDS)
    expected = pair.official | {(None, "dice"): pair.pixels[None, "dice"]}
    assert differences(rows, {key: np.round(float(value), 4) for key, value in expected.items()}) == {}


@pytest.mark.parametrize("threshold", THRESHOLDS)
@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_official_is_what_the_slow_one_says(pair, threshold):
    rows = score_official(pair.true, pair.pred, [threshold])
    assert {name: value for _, name, value in rows} == slow_official(pair.true, pair.pred, threshold)


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_the_numbering_of_the_objects_does_not_matter_to_strict(pair):
    def reversed_labels(labels):
        return np.where(labels, labels.max() + 1 - labels, 0)

    rows = score_strict(reversed_labels(pair.true), reversed_labels(pair.pred), THRESHOLDS)
    assert differences(rows, pair.objects | pair.pixels) == {}


@pytest.mark.parametrize("pair", PAIRS, ids=str)
def test_the_values_by_hand_agree_with_each_other(pair):
    for expected in (pair.objects, pair.with_border, pair.official):
        for threshold in {threshold for threshold, name in expected if name == "tp"}:
            at = {name: value for (t, name), value in expected.items() if t == threshold}
            n_true, n_pred = at["tp"] + at["fn"], at["tp"] + at["fp"]
            if n_true and n_pred:
                assert at["recall"] == at["tp"] / n_true
                assert at["precision"] == at["tp"] / n_pred
                assert at["f1"] == 2 * at["tp"] / (n_true + n_pred)
                assert at.get("ap", at["tp"] / (n_true + at["fp"])) == at["tp"] / (n_true + at["fp"])


def test_a_heading_that_says_nothing_is_refused(tmp_path):
    path = tmp_path / "01_odd.txt"
    path.write_text((FOLDER / "01_perfect.txt").read_text().replace("[pixels]", "[voxels]"))
    with pytest.raises(ValueError, match=r"01_odd\.txt.*voxels"):
        read_pair(path)
