import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.evaluation.protocols import official
from cellarena.evaluation.protocols.official import score_official
from cellarena.evaluation.protocols.strict import score_strict
from slow_official import slow_official

LABELS = arrays(np.uint16, (9, 10), elements=st.integers(0, 5))
INT32_MAX = 2**31 - 1


def scored(true, pred, threshold=0.5, protocol=score_official):
    return {name: value for _, name, value in protocol(np.asarray(true), pred, [threshold])}


def blocks(*corners, side=3, shape=(20, 20), dtype=np.uint16):
    labels = np.zeros(shape, dtype)
    for number, (y, x) in enumerate(corners, start=1):
        labels[y : y + side, x : x + side] = number
    return labels


EMPTY = blocks()
TWO = blocks((4, 4), (10, 10))


@given(LABELS, LABELS, st.sampled_from([0.3, 0.5, 0.75]))
def test_equals_a_slow_implementation(true, pred, threshold):
    assert scored(true, pred, threshold) == slow_official(true, pred, threshold)


@given(arrays(np.uint16, (11, 13), elements=st.integers(0, 5)), arrays(np.uint16, (11, 13), elements=st.integers(0, 5)))
def test_large_images_equal_a_slow_implementation(true, pred):
    with pytest.MonkeyPatch.context() as small:
        small.setattr(official, "LARGE", 100)
        small.setattr(official, "REGION", 6)
        assert scored(true, pred) == slow_official(true, pred, 0.5, large=100, side=6)


def test_nothing_predicted_counts_no_miss():
    values = scored(TWO, EMPTY)
    assert (values["tp"], values["fp"], values["fn"], values["n_true"]) == (0, 0, 0, 2)
    assert values["f1"] == values["precision"] == values["recall"] == 0


def test_nothing_annotated_and_nothing_predicted_is_zero_with_dice_one():
    values = scored(EMPTY, EMPTY)
    assert (values["f1"], values["dice"]) == (0, 1)


def test_nothing_annotated_counts_every_prediction_as_wrong():
    values = scored(EMPTY, TWO)
    assert (values["tp"], values["fp"], values["fn"], values["f1"], values["dice"]) == (0, 2, 0, 0, 0)


@pytest.mark.parametrize("pred", [None, TWO.astype(np.uint32) + np.uint32(INT32_MAX) * (TWO > 0)])
def test_what_the_script_leaves_out_is_nan_everywhere(pred):
    assert all(math.isnan(value) for value in scored(TWO.astype(np.uint32), pred).values())


def test_the_largest_label_of_int32_is_scored():
    assert scored(TWO, np.where(TWO == 2, INT32_MAX, TWO.astype(np.int64)))["f1"] == 1


def test_an_object_at_the_border_of_one_side_only_is_wrong_on_the_other():
    values = scored(blocks((1, 4)), blocks((2, 4)))
    assert (values["n_true"], values["n_pred"], values["tp"], values["fp"]) == (0, 1, 0, 1)


def test_dice_is_of_the_foreground_before_border_objects_are_dropped():
    values = scored(blocks((0, 0), (8, 8)), blocks((8, 8)))
    assert (values["f1"], values["dice"]) == (1, round(2 * 9 / 27, 4))


def test_values_have_four_decimals():
    values = scored(blocks((4, 4), (4, 10), (10, 4)), TWO)
    assert (values["precision"], values["recall"], values["f1"]) == (0.5, 0.3333, 0.4)


def test_where_all_is_border_and_object_the_smallest_label_survives():
    tiny = np.array([[3, 3, 7], [3, 3, 7]])
    values = scored(tiny, tiny)
    assert (values["n_true"], values["f1"]) == (1, 1)
    tiny[0, 0] = 0
    assert scored(tiny, tiny)["n_true"] == 0


@pytest.fixture
def large(monkeypatch):
    """A large image is one of at least 20 x 20 pixels, its regions have 10 pixels a side."""
    monkeypatch.setattr(official, "LARGE", 400)
    monkeypatch.setattr(official, "REGION", 10)


def test_large_means_25_megapixels_in_regions_of_2000():
    assert (official.LARGE, official.REGION) == (25_000_000, 2000)


def test_large_images_lose_what_touches_the_frame_of_a_region(large):
    labels = blocks((4, 4), (4, 8), (14, 14))
    assert scored(labels, labels)["n_true"] == 2
    assert scored(labels[:19], labels[:19])["n_true"] == 3


def test_large_images_keep_what_touches_an_edge_that_is_filled_up(large):
    labels = blocks((14, 14), (4, 22), shape=(20, 25))
    assert scored(labels, labels)["n_true"] == 2


def test_large_images_count_no_miss_in_a_region_without_prediction(large):
    values = scored(blocks((4, 4), (14, 14)), blocks((4, 4)))
    assert (values["tp"], values["fn"], values["recall"]) == (1, 0, 0.5)


def test_large_predictions_wrap_around_in_the_type_of_the_annotation(large):
    pred = blocks((4, 4), (14, 14)).astype(np.int64)
    pred[pred == 2] = 2**16
    values = scored(blocks((4, 4), (14, 14)), pred)
    assert (values["n_pred"], values["tp"]) == (1, 1)
    assert scored(blocks((4, 4), (14, 14), dtype=np.int32), pred)["n_pred"] == 2


@given(LABELS, LABELS, st.permutations(range(1, 6)))
def test_relabelling_changes_nothing_below_25_megapixels(true, pred, order):
    assert scored(true, pred) == scored(np.array([0, *order])[true] * 1001, np.array([0, *order[::-1]])[pred])


@given(LABELS, LABELS, st.sampled_from([np.transpose, np.flipud, np.fliplr, np.rot90]))
def test_turning_both_changes_nothing_below_25_megapixels(true, pred, turn):
    assert scored(true, pred) == scored(turn(true), turn(pred))


@given(LABELS, LABELS)
def test_agrees_with_strict_on_f1_to_four_decimals_where_something_is_annotated_or_predicted(true, pred):
    strict = scored(true, pred, protocol=score_strict)
    if strict["tp"] + strict["fp"] + strict["fn"]:
        assert scored(true, pred)["f1"] == float(np.round(strict["f1"], 4))


@pytest.mark.parametrize("pred", [TWO[1:], TWO.astype(float), np.stack([TWO, TWO])])
def test_what_is_no_pair_of_label_images_is_refused(pred):
    with pytest.raises(ValueError, match="annotation|prediction"):
        score_official(TWO, pred, [0.5])
