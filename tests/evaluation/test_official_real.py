"""Protocol official beside its slow twin on real annotations and damaged copies of them."""

import os
from pathlib import Path

import numpy as np
import pytest
from scipy import ndimage

from cellarena.evaluation.protocols import official
from cellarena.evaluation.protocols.official import score_official
from cellarena.images.io import read_image
from slow_official import LeftOutError, slow_official

REAL_DATA = os.environ.get("CELLARENA_REAL_DATA")
N_IMAGES = 60
THRESHOLDS = (0.5, 0.75)


def drop(labels, rng):
    """Return the image without a fifth of its objects."""
    return np.where(np.isin(labels, some(labels, rng, 0.2)), 0, labels)


def merge(labels, rng):
    """Return the image with a fifth of its objects given the number of another."""
    merged = labels.copy()
    for label in some(labels, rng, 0.2):
        merged[labels == label] = rng.choice(labels[labels > 0])
    return merged


def split(labels, rng):
    """Return the image with a third of its objects cut in two along a row of theirs."""
    cut, new = labels.copy(), int(labels.max()) + 1
    for label in some(labels, rng, 0.3):
        rows, columns = np.nonzero(labels == label)
        below = rows > rng.integers(rows.min(), rows.max() + 1)
        cut[rows[below], columns[below]] = new
        new += 1
    return cut


def erode(labels, rng):
    """Return the image with one to three pixels taken from every object's boundary."""
    thin = ndimage.minimum_filter(labels, int(rng.integers(1, 4)) * 2 - 1)
    return np.where(thin == labels, labels, 0)


def dilate(labels, rng):
    """Return the image with objects grown into the background, and here and there into each other."""
    return ndimage.maximum_filter(labels, int(rng.integers(1, 3)) * 2 + 1)


def shift(labels, rng):
    """Return the image moved by up to four pixels, what leaves it coming in on the other side."""
    return np.roll(labels, rng.integers(-4, 5, 2), (0, 1))


def add(labels, rng):
    """Return the image with ten squares of new numbers, over whatever is there."""
    spurious = labels.copy()
    for number in range(1, 11):
        top, left = (int(rng.integers(0, length)) for length in labels.shape)
        spurious[top : top + 9, left : left + 9] = labels.max() + 1000 * number
    return spurious


DAMAGES = (drop, merge, split, erode, dilate, shift, add)


def some(labels, rng, share):
    """Return about a share of the labels of an image."""
    objects = np.unique(labels[labels > 0])
    return objects[rng.random(len(objects)) < share]


def damaged(labels, rng):
    """Return a label image after two to four kinds of damage in a random order."""
    for index in rng.permutation(len(DAMAGES))[: rng.integers(2, 5)]:
        labels = DAMAGES[index](labels, rng)
    return labels


def said(true, pred, threshold):
    return {name: value for _, name, value in score_official(true, pred, [threshold])}


def chosen():
    """Return annotations from all over the folder, of images up to 360 px a side: the slow twin is slow."""
    paths = sorted((Path(REAL_DATA) / "labels").glob("*_label.tiff"))
    small = [path for path in paths if max(read_image(path).shape) <= 360]
    return [small[index] for index in np.linspace(0, len(small) - 1, N_IMAGES).astype(int)]


@pytest.mark.real
@pytest.mark.skipif(REAL_DATA is None, reason="CELLARENA_REAL_DATA names no folder of real images")
def test_real_images_with_damaged_predictions():
    scores = []
    for index, path in enumerate(chosen()):
        true = read_image(path).astype(np.int64)
        pred = damaged(true, np.random.default_rng(index))
        for threshold in THRESHOLDS:
            assert said(true, pred, threshold) == slow_official(true, pred, threshold), path.name
        scores.append(said(true, pred, 0.5)["f1"])
    # The damage is neither nothing nor everything: the comparison is of all kinds of scores.
    assert len(set(scores)) > N_IMAGES / 2
    assert 0.2 < np.median(scores) < 0.95


def blobs(rng, shape, n_objects):
    """Return objects of some pixels at random places, touching and cut by the edge."""
    points = np.zeros(shape, np.int64)
    points[tuple(rng.integers(0, length, n_objects) for length in shape)] = np.arange(1, n_objects + 1)
    return ndimage.maximum_filter(points, 5)


@pytest.mark.parametrize("seed", range(12))
def test_large_images_by_regions(seed, monkeypatch):
    monkeypatch.setattr(official, "LARGE", 1000)
    monkeypatch.setattr(official, "REGION", 20)
    rng = np.random.default_rng(seed)
    true = blobs(rng, tuple(rng.integers(32, 75, 2)), 40)
    pred = damaged(true, rng)
    for threshold in THRESHOLDS:
        assert said(true, pred, threshold) == slow_official(true, pred, threshold, large=1000, side=20)
    assert said(true, pred, 0.5) != slow_official(true, pred, 0.5)


@pytest.mark.parametrize(
    ("true_type", "pred_type"), [(np.uint16, np.uint32), (np.uint8, np.int64), (np.int16, np.int32)]
)
@pytest.mark.parametrize("large", [1000, 10**6])
def test_labels_beyond_the_annotations_type(true_type, pred_type, large, monkeypatch):
    monkeypatch.setattr(official, "LARGE", large)
    monkeypatch.setattr(official, "REGION", 20)
    true = blobs(np.random.default_rng(0), (40, 60), 30).astype(true_type)
    pred = damaged(true.astype(pred_type), np.random.default_rng(1))
    pred[pred > 20] += np.iinfo(true_type).max - 25
    try:
        expected = slow_official(true, pred, 0.5, large=large, side=20)
    except LeftOutError:
        expected = dict.fromkeys(said(true, pred, 0.5), pytest.approx(float("nan"), nan_ok=True))
    assert said(true, pred, 0.5) == expected


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (4, 4), (4, 30), (5, 5), (3, 50)])
def test_images_smaller_than_the_frame(shape):
    rng = np.random.default_rng(0)
    for _ in range(20):
        true, pred = (rng.integers(0, 3, shape) + rng.integers(0, 2) for _ in range(2))
        assert said(true, pred, 0.5) == slow_official(true, pred, 0.5)


@pytest.mark.parametrize(("label", "n_pred"), [(2**31 - 1, 1), (2**32 + 5, 1), (2**32, 0), (2**31, None)])
def test_labels_beyond_32_bits_wrap_around(label, n_pred):
    true = np.zeros((12, 12), np.int64)
    true[4:8, 4:8] = 1
    found = said(true, true * label, 0.5)
    if n_pred is None:
        assert np.all(np.isnan(list(found.values())))
        with pytest.raises(LeftOutError):
            slow_official(true, true * label, 0.5)
    else:
        assert found == slow_official(true, true * label, 0.5)
        assert found["n_pred"] == n_pred
