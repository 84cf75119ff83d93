"""One picture, however it is stored, reads as the same pixels and segments into the same labels."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.images.intensity import to_rgb8
from cellarena.images.io import read_image
from cellarena.methods.otsu import Otsu, otsu_watershed
from encodings_of_one_picture import ENCODINGS

OTSU = Otsu(sigma=1, seed_distance=5, min_size=12)

pictures = arrays(
    np.uint8, st.tuples(st.integers(17, 24), st.integers(25, 33)), elements=st.integers(0, 255), fill=st.nothing()
).filter(lambda picture: picture.min() < picture.max())


def written(folder, encoding, picture):
    suffix, write = ENCODINGS[encoding]
    path = folder / f"{encoding.replace(' ', '_').replace(',', '')}.{suffix}"
    write(path, picture)
    return path


def levels(pixels):
    """Pixels as shares of their range: the same whatever the type; a colour image must be grey."""
    grey = pixels[..., 0] if pixels.ndim == 3 else pixels
    assert pixels.ndim == 2 or all(np.array_equal(pixels[..., c], grey) for c in range(pixels.shape[2]))
    grey = grey.astype(float)
    return (grey - grey.min()) / (grey.max() - grey.min())


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(picture=pictures)
def test_the_same_pixels(tmp_path, encoding, picture):
    pixels = read_image(written(tmp_path, encoding, picture))
    assert pixels.shape[:2] == picture.shape
    np.testing.assert_allclose(levels(pixels), levels(picture), atol=1e-3)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_the_same_labels(tmp_path, encoding):
    yy, xx = np.mgrid[:60, :84]
    picture = np.full(yy.shape, 40, np.uint8)
    for y, x in ((12, 14), (14, 60), (40, 20), (44, 52), (40, 61)):
        picture[(yy - y) ** 2 + (xx - x) ** 2 < 49] = 190
    labels = otsu_watershed(to_rgb8(picture), OTSU)
    assert labels.max() == 5
    assert np.array_equal(otsu_watershed(to_rgb8(read_image(written(tmp_path, encoding, picture))), OTSU), labels)


def test_enough_encodings_are_tried():
    assert len(ENCODINGS) >= 24
