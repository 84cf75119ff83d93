import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.targets.class_and_distance import ABSTAIN, BACKGROUND, BOUNDARY, DISTANCE, INTERIOR, ClassAndDistance

TARGET = ClassAndDistance(
    boundary=0.025, distance_weight=1, seed=0.6, contrast=0.05, foreground=0.6, seed_size=1, min_size=1, min_share=0
)
LABELS = arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 4))


def perfect(encoded):
    """Return the activated output of a network that is sure of an encoded target."""
    classes = np.stack([encoded[0] == c for c in (BACKGROUND, INTERIOR, BOUNDARY, ABSTAIN)])
    return np.concatenate([classes, encoded[1:]]).astype(np.float32)


def raw(encoded):
    """Return the output before activation, (1, 5, H, W)."""
    output = perfect(encoded)
    output[:DISTANCE] *= 20
    return torch.from_numpy(output)[None]


def batch(labels):
    return torch.from_numpy(TARGET.encode(labels))[None]


def discs(*centres, radius=11, shape=(40, 64)):
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    labels = np.zeros(shape, np.int32)
    for label, (row, column) in enumerate(centres, start=1):
        labels[((rows - row) ** 2 + (columns - column) ** 2 <= radius**2) & (labels == 0)] = label
    return labels


def iou(labels, label, decoded):
    inside = decoded[labels == label]
    found = np.bincount(inside).argmax()
    return 0 if found == 0 else (inside == found).sum() / ((decoded == found) | (labels == label)).sum()


def square(side, size):
    labels = np.zeros((size, size), np.int32)
    start = (size - side) // 2
    labels[start : start + side, start : start + side] = 3
    return labels


# The first example imports scipy, which takes longer than the deadline.
@settings(deadline=None)
@given(LABELS)
def test_classes_and_distance_cover_the_objects_and_nothing_else(labels):
    classes, distance = TARGET.encode(labels)
    np.testing.assert_array_equal(classes > 0, labels > 0)
    np.testing.assert_array_equal(distance > 0, labels > 0)
    assert classes.max() <= BOUNDARY
    assert distance.max(initial=0) <= 1
    for label in np.unique(labels[labels > 0]):
        own = labels == label
        assert (classes[own] == INTERIOR).any()
        assert distance[own].max() == 1
        assert (classes[own & (distance == 1)] == INTERIOR).all()


def test_a_square_by_hand():
    # Area 49: a boundary ceil(7 / 40) = 1 pixel thicker than the outermost pixels leaves 3 x 3 of interior, whose
    # middle is 2 pixels from the boundary, and the rest 1.
    classes, distance = TARGET.encode(square(7, 9))
    expected = np.zeros((9, 9))
    expected[1:8, 1:8] = BOUNDARY
    expected[3:6, 3:6] = INTERIOR
    np.testing.assert_array_equal(classes, expected)
    expected[1:8, 1:8] = 1 / (1 + 2 / 7)
    expected[3:6, 3:6] = 1 / (1 + 1 / 7)
    expected[4, 4] = 1
    np.testing.assert_allclose(distance, expected, rtol=1e-6)


@pytest.mark.parametrize(("side", "thickness"), [(8, 2), (40, 2), (41, 3), (80, 3), (81, 4)])
def test_the_boundary_is_thicker_in_larger_objects(side, thickness):
    classes = TARGET.encode(square(side, side + 4))[0]
    assert (classes == INTERIOR).sum() == (side - 2 * thickness) ** 2


@pytest.mark.parametrize(("side", "interior"), [(1, 1), (2, 4), (3, 1), (4, 4)])
def test_objects_too_small_for_an_interior_keep_their_deepest_pixels(side, interior):
    classes, distance = TARGET.encode(square(side, 8))
    assert (classes == INTERIOR).sum() == (distance == 1).sum() == interior


def test_the_edge_of_the_image_is_no_boundary():
    classes, distance = TARGET.encode(np.ones((9, 9), np.int32))
    assert (classes == INTERIOR).all()
    assert (distance == 1).all()


def test_touching_objects_come_back_whole():
    labels = discs((20, 20), (20, 41))
    decoded = TARGET.decode(perfect(TARGET.encode(labels)))
    assert decoded.dtype == np.uint32
    assert decoded.max() == 2
    np.testing.assert_array_equal(decoded > 0, labels > 0)
    assert min(iou(labels, label, decoded) for label in (1, 2)) > 0.95


def test_the_distance_separates_objects_whose_interiors_have_merged():
    labels = discs((20, 22), (20, 39))
    output = perfect(TARGET.encode(labels))
    output[INTERIOR], output[BOUNDARY] = labels > 0, 0
    assert TARGET.decode(output).max() == 2
    assert min(iou(labels, label, TARGET.decode(output)) for label in (1, 2)) > 0.85
    flat = np.where(output[DISTANCE] > 0, 0.9, 0).astype(np.float32)
    assert TARGET.decode(np.concatenate([output[:DISTANCE], flat[None]])).max() == 1


def test_a_valley_shallower_than_the_contrast_does_not_split_an_object():
    inside = np.zeros((30, 64), bool)
    inside[5:25, 4:60] = True
    valley = 0.06 * np.exp(-(((np.arange(64) - 32) / 8.0) ** 2))
    output = np.zeros((5, 30, 64), np.float32)
    output[BACKGROUND], output[INTERIOR] = ~inside, inside
    output[DISTANCE] = np.where(inside, 0.9 - valley, 0)
    assert TARGET.model_copy(update={"contrast": 0.1}).decode(output).max() == 1
    assert TARGET.model_copy(update={"contrast": 0.02}).decode(output).max() == 2


def test_an_object_that_is_all_boundary_is_still_an_object():
    labels = discs((20, 20), radius=8)
    output = perfect(TARGET.encode(labels))
    output[BOUNDARY] += output[INTERIOR]
    output[INTERIOR] = 0
    output[DISTANCE] = 0
    np.testing.assert_array_equal(TARGET.decode(output), labels)


def test_what_the_network_abstains_from_is_no_background():
    labels = discs((20, 20), radius=8)
    output = perfect(TARGET.encode(labels))
    output[ABSTAIN], output[BOUNDARY] = output[BOUNDARY], 0
    np.testing.assert_array_equal(TARGET.decode(output), labels)


def test_small_objects_are_dropped():
    labels = discs((20, 20))
    labels[30:33, 50:53] = 2
    output = perfect(TARGET.encode(labels))
    assert TARGET.decode(output).max() == 2
    assert TARGET.model_copy(update={"min_size": 10}).decode(output).max() == 1
    # The mean object has (377 + 9) / 2 = 193 pixels.
    assert TARGET.model_copy(update={"min_share": 0.04}).decode(output).max() == 2
    assert TARGET.model_copy(update={"min_share": 0.05}).decode(output).max() == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (33, 5)])
def test_any_size_decodes_to_its_own_size(size):
    for labels in (np.zeros(size, np.int32), np.ones(size, np.int32)):
        np.testing.assert_array_equal(TARGET.decode(perfect(TARGET.encode(labels))), labels)


@settings(deadline=None)
@given(arrays(np.float32, (5, 9, 9), elements=st.floats(0, 1, width=32)))
def test_whatever_is_put_out_decodes_to_consecutive_labels(activated):
    decoded = TARGET.decode(activated)
    np.testing.assert_array_equal(np.unique(decoded[decoded > 0]), np.arange(1, decoded.max() + 1))


def test_the_loss_prefers_the_truth():
    encoded = TARGET.encode(discs((20, 20), (20, 41)))
    right = raw(encoded)
    assert TARGET.loss(right, torch.from_numpy(encoded)[None]) < 0.01
    wrong_classes = right[:, [1, 2, 0, 3, 4]]
    assert TARGET.loss(wrong_classes, torch.from_numpy(encoded)[None]) > 1


def test_objects_and_background_weigh_the_same_in_the_distance():
    encoded = TARGET.encode(discs((20, 20)))
    target, right = torch.from_numpy(encoded)[None], raw(encoded)
    base = TARGET.loss(right, target)
    for side in (encoded[0] > 0, encoded[0] == 0):
        off = right.clone()
        off[0, DISTANCE][torch.from_numpy(side)] += 0.25
        assert TARGET.loss(off, target) - base == pytest.approx(0.25, abs=1e-4)
        assert TARGET.model_copy(update={"distance_weight": 2.0}).loss(off, target) - base == pytest.approx(
            0.5, abs=1e-4
        )


def test_to_abstain_costs_less_than_a_wrong_class_and_more_than_the_right_one():
    encoded = TARGET.encode(discs((20, 20)))
    target, losses = torch.from_numpy(encoded)[None], {}
    ring = torch.from_numpy(encoded[0] == BOUNDARY)
    for name, chosen in (("right", BOUNDARY), ("abstain", ABSTAIN), ("wrong", BACKGROUND)):
        output = raw(encoded)
        output[0, :DISTANCE, ring] = 0
        output[0, chosen, ring] = 20
        losses[name] = TARGET.loss(output, target).item()
    assert losses["right"] < losses["abstain"] < losses["wrong"]


def test_the_softmax_runs_over_the_class_that_nothing_teaches():
    labels = discs((20, 20))
    output = torch.zeros(1, 5, *labels.shape)
    doubtful = output.clone()
    doubtful[:, ABSTAIN] = 3
    # Probability of the three taught classes falls from 1/4 to 1/23, for the right class as for the wrong ones.
    assert TARGET.loss(doubtful, batch(labels)) - TARGET.loss(output, batch(labels)) > 0.05


def test_the_loss_is_finite_without_objects_and_without_background():
    for labels in (np.zeros((8, 8), np.int32), np.ones((8, 8), np.int32)):
        output = torch.randn(1, 5, 8, 8, requires_grad=True)
        TARGET.loss(output, batch(labels)).backward()
        assert torch.isfinite(output.grad).all()


def test_activation_gives_probabilities_and_a_distance():
    activated = TARGET.activate(5 * torch.randn(2, 5, 4, 4))
    torch.testing.assert_close(activated[:, :DISTANCE].sum(dim=1), torch.ones(2, 4, 4))
    assert activated[:, DISTANCE].min() >= 0
    assert activated[:, DISTANCE].max() <= 1


def test_probabilities_are_those_of_the_taught_classes_if_the_network_does_not_abstain():
    activated = np.array([0.2, 0.1, 0.1, 0.6, 0.9], np.float32).reshape(5, 1, 1)
    found = TARGET.probabilities(activated)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0, 0], [0.5, 0.25, 0.25], atol=1e-6)


def test_a_network_that_abstains_wholly_says_nothing():
    activated = np.array([0, 0, 0, 1, 0.5], np.float32).reshape(5, 1, 1)
    np.testing.assert_allclose(TARGET.probabilities(activated)[:, 0, 0], [1 / 3] * 3, atol=1e-6)


def test_the_true_classes_are_those_that_are_taught():
    labels = discs((20, 20))
    classes = TARGET.true_classes(labels)
    assert classes.dtype == np.uint8
    np.testing.assert_array_equal(classes, TARGET.encode(labels)[0])
