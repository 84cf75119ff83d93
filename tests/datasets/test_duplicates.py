import os
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter

from cellarena.datasets.splitting.duplicates import (
    Fingerprint,
    fingerprint,
    near_duplicate_groups,
    near_duplicate_pairs,
)
from cellarena.images.io import content_sha256, read_image

DISTANCE = 10


def nuclei(seed, size=128, n_nuclei=25):
    """A dark 16-bit image of sparse bright spots: the kind that hashes are known to confuse."""
    rng = np.random.default_rng(seed)
    image = np.zeros((size, size))
    image[tuple(rng.integers(0, size, (2, n_nuclei)))] = rng.uniform(0.5, 1, n_nuclei)
    return (gaussian_filter(image, 4) * 1e6 + rng.normal(300, 10, image.shape)).astype(np.uint16)


def groups_of(*images):
    found = [fingerprint(f"image{n}", content_sha256(image), image) for n, image in enumerate(images)]
    return near_duplicate_groups(found, DISTANCE)


def shrunk(image):
    return image.reshape(64, 2, 64, 2).mean((1, 3)).astype(image.dtype)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda i: i, id="the same"),
        pytest.param(shrunk, id="half the size"),
        pytest.param(lambda i: np.kron(i, np.ones((3, 3), i.dtype)), id="three times the size"),
        pytest.param(lambda i: (i / i.max() * 255).astype(np.uint8), id="8 bit"),
        pytest.param(lambda i: i * 3 + 500, id="brighter"),
        pytest.param(lambda i: np.stack([i] * 3, axis=-1), id="RGB"),
        pytest.param(lambda i: np.roll(i, 1, axis=0), id="one pixel on"),
        pytest.param(lambda i: (i + np.random.default_rng(5).normal(0, 50, i.shape)).astype(i.dtype), id="noise"),
    ],
)
def test_a_changed_copy_is_found(change):
    images = [nuclei(seed) for seed in range(8)]
    assert groups_of(*images, change(images[2])) == [["image2", "image8"]]


def test_sparse_nuclei_images_are_not_lumped_together():
    assert groups_of(*(nuclei(seed, n_nuclei=12) for seed in range(300))) == []


@given(st.integers(0, 20), st.floats(0.01, 1e4), st.floats(-100, 1e5))
def test_hash_ignores_the_intensity_scale(seed, scale, offset):
    image = nuclei(seed).astype(float)
    assert fingerprint("a", "a", image * scale + offset).phash == fingerprint("a", "a", image).phash


def test_constant_images_are_duplicates_only_if_equal():
    dark, bright, wide = np.zeros((9, 9), np.uint8), np.full((9, 9), 77, np.uint8), np.zeros((9, 30), np.uint8)
    assert groups_of(dark, bright, wide, bright) == [["image1", "image3"]]


@pytest.mark.parametrize("shape", [(1, 1), (1, 70), (31, 33), (5, 7, 3), (40, 40, 2), (40, 40, 4), (2000, 3)])
def test_any_size_and_channels(shape):
    image = np.random.default_rng(0).integers(0, 255, shape, dtype=np.uint8)
    found = fingerprint("a", "a", image)
    assert found.thumbnail.shape == (32, 32)
    assert 0 <= found.phash < 2**63


def test_thumbnail_is_the_area_average():
    image = np.random.default_rng(0).uniform(size=(96, 64))
    mean = image.reshape(32, 3, 32, 2).mean((1, 3))
    centred = mean - mean.mean()
    np.testing.assert_allclose(fingerprint("a", "a", image).thumbnail, centred / np.linalg.norm(centred), atol=1e-6)


def test_alpha_does_not_count():
    grey = nuclei(0)
    alpha = nuclei(1)
    assert fingerprint("a", "a", np.stack([grey, alpha], axis=-1)).phash == fingerprint("a", "a", grey).phash


def test_groups_are_chains_of_pairs():
    first = nuclei(0)
    frames = [np.roll(first, 3 * n, axis=1) for n in range(5)]
    assert groups_of(*frames, nuclei(1)) == [[f"image{n}" for n in range(5)]]
    assert groups_of(frames[0], frames[4]) == []


@pytest.mark.parametrize(
    ("flipped", "thumbnail", "groups"),
    [
        pytest.param(2**10 - 1, nuclei(0), [["one", "two"]], id="ten bits and the same thumbnail"),
        pytest.param(2**11 - 1, nuclei(0), [], id="eleven bits"),
        pytest.param(0, nuclei(1), [], id="the same hash, another thumbnail"),
    ],
)
def test_hash_and_thumbnail_have_to_agree(flipped, thumbnail, groups):
    one, apart = fingerprint("one", "1", nuclei(0)), fingerprint("apart", "3", nuclei(7))
    two = Fingerprint("two", "2", one.phash ^ flipped, fingerprint("two", "2", thumbnail).thumbnail)
    assert near_duplicate_groups([one, apart, two], DISTANCE) == groups


def test_few_images():
    assert groups_of() == []
    assert groups_of(nuclei(0)) == []


def test_five_thousand_images_are_compared_fast():
    rng = np.random.default_rng(0)
    thumbnails = rng.normal(size=(5000, 32, 32)).astype(np.float32) / 32
    hashes = rng.integers(1, 2**63, 5000).tolist()
    found = [Fingerprint(f"{n:04}", str(n), h, t) for n, (h, t) in enumerate(zip(hashes, thumbnails, strict=True))]
    copy = Fingerprint("copy", "copy", hashes[4000] ^ 0b1011, thumbnails[4000])
    start = time.perf_counter()
    assert near_duplicate_groups([*found, copy], DISTANCE) == [["4000", "copy"]]
    assert time.perf_counter() - start < 5


@pytest.mark.real
def test_real_nuclei_are_not_lumped_together():
    root = os.environ.get("CELLARENA_REAL_DATA")
    if not root:
        pytest.skip("CELLARENA_REAL_DATA is unset: it names a folder with images/ and labels/")
    images = [read_image(path) for path in sorted((Path(root) / "images").iterdir())[:150]]
    assert max(map(len, groups_of(*images)), default=1) <= 5


def test_pairs_across_are_found_and_those_within_are_not():
    rng = np.random.default_rng(0)
    a, b, c = (rng.integers(0, 255, (8, 8)).astype(np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(3))
    made = [fingerprint("s1", "s1", a // 2), fingerprint("s2", "s2", a), fingerprint("s3", "s3", b)]
    real = [fingerprint("r1", "r1", a), fingerprint("r2", "r2", c), fingerprint("s3", "other", b)]
    assert near_duplicate_pairs(made, real, 4) == [("s1", "r1"), ("s2", "r1"), ("s3", "s3")]
    assert near_duplicate_pairs(made, [], 4) == near_duplicate_pairs([], real, 4) == []
