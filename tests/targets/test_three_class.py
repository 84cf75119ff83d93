import time

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.targets.three_class import BACKGROUND, BOUNDARY, INTERIOR, ThreeClass

TARGET = ThreeClass(boundary=2, seed=0.5, waist=0.6, foreground=0.5, seed_size=1, min_size=1)
LABELS = arrays(np.int32, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 4))


def one_hot(classes):
    return np.stack([classes == c for c in (BACKGROUND, INTERIOR, BOUNDARY)]).astype(np.float32)


def touching_discs():
    rows, columns = np.mgrid[:40, :60]
    labels = np.zeros((40, 60), np.int32)
    labels[(rows - 20) ** 2 + (columns - 20) ** 2 < 120] = 5
    labels[((rows - 20) ** 2 + (columns - 40) ** 2 < 120) & (labels == 0)] = 9
    return labels


@given(LABELS)
def test_classes_cover_the_objects_and_nothing_else(labels):
    classes = TARGET.encode(labels)
    np.testing.assert_array_equal(classes > 0, labels > 0)
    for label in np.unique(labels[labels > 0]):
        assert (classes[labels == label] == INTERIOR).any()


def test_the_boundary_is_a_ring_of_the_asked_thickness():
    labels = np.zeros((11, 11), np.int32)
    labels[1:10, 1:10] = 1
    expected = np.zeros((11, 11), np.uint8)
    expected[1:10, 1:10] = BOUNDARY
    expected[3:8, 3:8] = INTERIOR
    np.testing.assert_array_equal(TARGET.encode(labels), expected)


def test_the_edge_of_the_image_is_no_boundary():
    assert (TARGET.encode(np.ones((9, 9), np.int32)) == INTERIOR).all()


def test_touching_objects_come_back_whole():
    labels = touching_discs()
    decoded = TARGET.decode(one_hot(TARGET.encode(labels)))
    assert decoded.dtype == np.uint32
    for label in (5, 9):
        inside = decoded[labels == label]
        found = np.bincount(inside).argmax()
        assert found > 0
        union = ((decoded == found) | (labels == label)).sum()
        assert (inside == found).sum() / union > 0.95


def test_objects_without_a_boundary_between_them_are_parted_at_their_waist():
    classes = np.where(touching_discs() > 0, INTERIOR, BACKGROUND)
    decoded = TARGET.model_copy(update={"waist": 0.85}).decode(one_hot(classes))
    assert decoded.max() == 2
    for side in (np.s_[:, :29], np.s_[:, 32:]):
        assert len(np.unique(decoded[side][classes[side] > 0])) == 1
    assert TARGET.model_copy(update={"waist": 0.3}).decode(one_hot(classes)).max() == 1


def test_an_interior_that_fills_the_image_is_one_object():
    decoded = TARGET.decode(one_hot(np.full((9, 12), INTERIOR)))
    assert (decoded == 1).all()


def test_nothing_and_small_specks_decode_to_nothing():
    empty = one_hot(np.zeros((8, 8), np.uint8))
    assert not TARGET.decode(empty).any()
    speck = np.zeros((8, 8), np.uint8)
    speck[4, 4] = INTERIOR
    assert not TARGET.model_copy(update={"min_size": 2}).decode(one_hot(speck)).any()


def test_a_speck_of_interior_does_not_split_an_object():
    classes = np.zeros((12, 30), np.uint8)
    classes[1:11, 1:29] = BOUNDARY
    classes[3:9, 3:12] = INTERIOR
    classes[5, 20] = INTERIOR
    assert TARGET.decode(one_hot(classes)).max() == 2
    assert TARGET.model_copy(update={"seed_size": 2}).decode(one_hot(classes)).max() == 1


def test_a_small_object_that_is_all_boundary_is_still_an_object():
    classes = np.zeros((12, 12), np.uint8)
    classes[2:5, 2:5] = BOUNDARY
    classes[6:11, 6:11] = INTERIOR
    decoded = TARGET.decode(one_hot(classes))
    np.testing.assert_array_equal(decoded > 0, classes > 0)
    assert decoded.max() == 2


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (33, 5)])
def test_any_size_decodes_to_its_own_size(size):
    assert TARGET.decode(one_hot(np.ones(size, np.uint8))).shape == size


def test_the_loss_prefers_the_truth():
    classes = torch.from_numpy(TARGET.encode(touching_discs()))[None]
    right = torch.from_numpy(one_hot(classes[0].numpy()))[None] * 20
    assert TARGET.loss(right, classes) < 0.01
    assert TARGET.loss(right.flip(1), classes) > 1


def test_of_every_object_too_thin_for_an_interior_the_middle_is_kept():
    labels = np.zeros((9, 9), np.int32)
    labels[4, 1:8], labels[0, 0], labels[6:8, 2:4] = 7, 3, 9
    interior = np.argwhere(TARGET.encode(labels) == INTERIOR).tolist()
    assert interior == [[0, 0], [4, 4], [6, 2]]


def test_seventy_thousand_objects_take_no_longer_than_a_few():
    labels = (np.arange(350_000) // 5 + 1).reshape(700, 500)
    start = time.process_time()
    classes = TARGET.encode(labels)
    assert time.process_time() - start < 10
    assert len(np.unique(labels[classes == INTERIOR])) == 70_000


def test_probabilities_are_those_of_the_softmax_and_sum_to_one():
    activated = np.random.default_rng(0).random((3, 5, 6)).astype(np.float32)
    activated /= activated.sum(axis=0)
    found = TARGET.probabilities(activated * np.float32(0.999))
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, activated, atol=1e-6)


def test_the_true_classes_are_those_that_are_taught():
    labels = touching_discs()
    np.testing.assert_array_equal(TARGET.true_classes(labels), TARGET.encode(labels))
