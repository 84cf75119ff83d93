import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.functional.classification import multiclass_calibration_error

from cellarena.evaluation.calibration.pixel_counts import PixelCounts, band_around_boundaries, count_pixels
from cellarena.evaluation.calibration.pixels import (
    METRICS,
    Sums,
    adaptive_ece,
    brier,
    classwise_ece,
    ece,
    mce,
    nll,
    reliability,
    sums_of,
)
from cellarena.images.probabilities import encoded, log_probabilities


def predictions(seed, n=4000, spread=2.0, truth=1.0):
    """Return log probabilities, and classes drawn from those at the temperature `truth`."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, spread, (n, 3))
    logarithms = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    scaled = np.exp(logits / truth)
    scaled /= scaled.sum(axis=1, keepdims=True)
    return logarithms, (rng.random((n, 1)) > scaled.cumsum(axis=1)[:, :2]).sum(axis=1)


def counts_of(probabilities, classes):
    with np.errstate(divide="ignore"):
        logarithms = np.log(np.asarray(probabilities, float))
    return PixelCounts(np.maximum(logarithms, -700), np.eye(3, dtype=np.int64)[classes])


def values(counted):
    return {name: metric(sums_of(counted))[0] for name, metric in METRICS.items()}


def test_perfectly_calibrated_by_hand():
    # Ten pixels of which 80 % are what was predicted with 0.8, and as many of the others as was said.
    found = values(counts_of([[0.8, 0.1, 0.1]] * 10, [0] * 8 + [1, 2]))
    assert (found["accuracy"], found["confidence"]) == pytest.approx((0.8, 0.8))
    for name in ("ece", "adaptive_ece", "classwise_ece", "mce"):
        assert found[name] == pytest.approx(0, abs=1e-12)
    # 8 pixels at 0.2^2 + 2 x 0.1^2, 2 pixels at 0.8^2 + 0.9^2 + 0.1^2
    assert found["brier"] == pytest.approx((8 * 0.06 + 2 * 1.46) / 10)
    assert found["nll"] == pytest.approx(-(8 * np.log(0.8) + 2 * np.log(0.1)) / 10)


def test_always_sure_and_half_wrong_by_hand():
    found = values(counts_of([[1, 0, 0]] * 10, [0] * 5 + [1] * 5))
    for name in ("ece", "adaptive_ece", "mce"):
        assert found[name] == pytest.approx(0.5)
    # Background is put at 1 where it is a half, interior at 0 where it is a half, boundary is right.
    assert found["classwise_ece"] == pytest.approx(1 / 3)
    assert found["brier"] == pytest.approx(1.0)


def test_bins_cancel_within_but_not_between():
    sure, unsure = [0.9, 0.05, 0.05], [0.5, 0.3, 0.2]
    # 0.9 is right always, 0.5 right in 2 of 5: gaps 0.1 and 0.1, of equal weight.
    found = values(counts_of([sure] * 5 + [unsure] * 5, [0] * 5 + [0, 0, 1, 1, 2]))
    assert found["ece"] == pytest.approx(0.1)
    # Two confidences in one bin of width 1/15 with opposite gaps: they cancel.
    low, high = [0.41, 0.3, 0.29], [0.46, 0.3, 0.24]
    found = values(counts_of([low] * 100 + [high] * 100, [0] * 46 + [1] * 54 + [0] * 41 + [1] * 59))
    assert found["ece"] == pytest.approx(0, abs=1e-12)
    assert found["adaptive_ece"] == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("temperature", [0.3, 1.0, 3.0])
def test_ece_is_that_of_torchmetrics(seed, temperature):
    logarithms, classes = predictions(seed)
    counted = PixelCounts(logarithms, np.eye(3, dtype=np.int64)[classes]).scaled(temperature)
    probabilities, truth = torch.tensor(np.exp(counted.log_probabilities)), torch.tensor(classes)
    expected = multiclass_calibration_error(probabilities, truth, num_classes=3, n_bins=15, norm="l1")
    # It adds up in single precision.
    assert ece(sums_of(counted))[0] == pytest.approx(float(expected), abs=1e-5)


def test_mce_is_that_of_torchmetrics_where_no_bin_is_nearly_empty():
    logarithms, classes = predictions(0, 40_000, 1.5, truth=2.0)
    sums = sums_of(PixelCounts(logarithms, np.eye(3, dtype=np.int64)[classes]))
    assert (reliability(sums)[0, 5:, 0] > 40).all()
    probabilities, truth = torch.tensor(np.exp(logarithms)), torch.tensor(classes)
    expected = multiclass_calibration_error(probabilities, truth, num_classes=3, n_bins=15, norm="max")
    assert mce(sums)[0] == pytest.approx(float(expected), abs=1e-5)


@given(st.integers(0, 1000), st.floats(0.1, 6))
def test_metrics_by_definition(seed, spread):
    logarithms, classes = predictions(seed, 300, spread)
    probabilities, truth = np.exp(logarithms), np.eye(3)[classes]
    found = values(PixelCounts(logarithms, truth.astype(np.int64)))
    assert found["brier"] == pytest.approx(((probabilities - truth) ** 2).sum(axis=1).mean())
    assert found["nll"] == pytest.approx(-logarithms[truth > 0].mean())
    gaps = []
    for c in range(3):
        bins = np.minimum((probabilities[:, c] * 15).astype(int), 14)
        gaps.append(sum(abs((probabilities[bins == b, c] - truth[bins == b, c]).sum()) for b in range(15)) / 300)
    assert found["classwise_ece"] == pytest.approx(np.mean(gaps))
    assert 0 <= found["ece"] <= found["mce"] + 1e-9 <= 1 + 1e-9


def test_adaptive_bins_hold_equally_many_pixels():
    logarithms, classes = predictions(3, 30_000)
    top, right = np.exp(logarithms).max(axis=1), logarithms.argmax(axis=1) == classes
    order = np.argsort(top)
    expected = np.mean([abs(top[part].mean() - right[part].mean()) for part in np.array_split(order, 15)])
    found = adaptive_ece(sums_of(PixelCounts(logarithms, np.eye(3, dtype=np.int64)[classes])))[0]
    assert found == pytest.approx(expected, abs=0.002)


def test_sums_of_images_are_those_of_their_pixels():
    parts = [predictions(seed, 500) for seed in range(3)]
    sums = Sums.stacked([sums_of(PixelCounts(p, np.eye(3, dtype=np.int64)[y])) for p, y in parts])
    logarithms, classes = (np.concatenate(column) for column in zip(parts[0], parts[2], parts[2], strict=True))
    whole = sums_of(PixelCounts(logarithms, np.eye(3, dtype=np.int64)[classes]))
    weighted = sums.weighted(np.array([[1.0, 0.0, 2.0]]))
    for metric in METRICS.values():
        assert metric(weighted) == pytest.approx(metric(whole))


def test_without_pixels_nothing_is_defined():
    empty = sums_of(PixelCounts(np.empty((0, 3)), np.empty((0, 3), np.int64)))
    assert all(np.isnan(metric(empty)[0]) for metric in METRICS.values())


def test_a_stray_pixel_does_not_decide_over_the_largest_gap():
    sums = sums_of(counts_of([[0.8, 0.1, 0.1]] * 10_000 + [[0.4, 0.3, 0.3]], [0] * 8000 + [1] * 2000 + [2]))
    assert mce(sums)[0] == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("spread", [1.0, 3.0, 8.0])
def test_two_bytes_a_pixel_change_ece_and_nll_by_less_than_a_thousandth(spread):
    logarithms, classes = predictions(0, 120_000, spread, truth=1.3)
    exact = sums_of(PixelCounts(logarithms, np.eye(3, dtype=np.int64)[classes]))
    codes = encoded(np.exp(logarithms).T.reshape(3, 300, 400).astype(np.float32))
    kept = sums_of(
        PixelCounts.of(count_pixels(codes, classes.reshape(300, 400).astype(np.uint8), np.ones((300, 400), bool)))
    )
    for metric in (ece, classwise_ece, nll, brier):
        assert metric(kept)[0] == pytest.approx(metric(exact)[0], abs=0.001)


def test_pixels_are_counted_by_code_and_class_within_the_region():
    codes = np.array([[128 * 256 + 128, 128 * 256 + 128, 129 * 256 + 128]], np.uint16)
    counts = count_pixels(codes, np.array([[0, 2, 1]], np.uint8), np.array([[True, True, False]]))
    assert counts.sum() == 2
    assert counts[128 * 256 + 128].tolist() == [1, 0, 1]
    counted = PixelCounts.of(counts)
    np.testing.assert_array_equal(counted.log_probabilities, log_probabilities()[[128 * 256 + 128]])
    with pytest.raises(ValueError, match="differ"):
        count_pixels(codes, np.zeros((2, 3), np.uint8), np.ones((1, 3), bool))


def test_the_band_is_as_wide_inside_as_outside():
    labels = np.zeros((1, 30), np.uint8)
    labels[0, 10:25] = 1
    assert np.flatnonzero(band_around_boundaries(labels)[0]).tolist() == [7, 8, 9, 10, 11, 12, 22, 23, 24, 25, 26, 27]


def test_the_band_runs_between_touching_objects_and_not_along_the_edge():
    labels = np.array([[1] * 6 + [2] * 6], np.uint8)
    assert np.flatnonzero(band_around_boundaries(labels)[0]).tolist() == [3, 4, 5, 6, 7, 8]
    assert not band_around_boundaries(np.ones((9, 9), np.uint8)).any()
    assert not band_around_boundaries(np.zeros((9, 9), np.uint8)).any()
