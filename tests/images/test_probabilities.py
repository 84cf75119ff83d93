import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.images.io import write_image
from cellarena.images.probabilities import MAX_ERROR, encoded, log_probabilities, read_codes, write_probabilities


def softmax(logits):
    shifted = np.exp(logits - logits.max(axis=0))
    return (shifted / shifted.sum(axis=0)).astype(np.float32)


def simulated(seed, spread, shape=(40, 50)):
    return softmax(np.random.default_rng(seed).normal(0, spread, (3, *shape)).astype(np.float32))


def back(probabilities):
    return np.moveaxis(np.exp(log_probabilities())[encoded(probabilities)], -1, 0)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 60))
def test_no_probability_is_off_by_more_than_is_said(seed, spread):
    given_ones = simulated(seed, spread, (16, 16))
    assert np.abs(back(given_ones) - given_ones).max() <= MAX_ERROR
    np.testing.assert_allclose(back(given_ones).sum(axis=0), 1, atol=1e-12)


def test_certainty_and_even_odds_by_hand():
    corners = np.eye(3, dtype=np.float32)[:, :, None]
    np.testing.assert_allclose(back(corners), corners, atol=1e-6)
    even = np.array([0.5, 0.25, 0.25], np.float32).reshape(3, 1, 1)
    np.testing.assert_allclose(back(even), even, atol=1e-12)
    assert encoded(even).tolist() == [[128 * 256 + 128]]


@given(st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_every_code_holds_two_bytes_above_zero(first, second):
    background, interior = np.float32(first), np.float32((1 - first) * second)
    pixel = np.array([background, interior, max(0, 1 - background - interior)], np.float32).reshape(3, 1, 1)
    code = int(encoded(pixel)[0, 0])
    assert code >> 8 > 0
    assert code & 255 > 0


def test_where_foreground_is_unlikely_its_kind_is_kept_roughly():
    ramp = np.linspace(0, 1, 400)
    n_kinds = []
    for foreground in (0.5, 0.02):
        classes = [np.full(400, 1 - foreground), foreground * ramp, foreground * ramp[::-1]]
        n_kinds.append(len(np.unique(encoded(np.stack(classes)[:, None].astype(np.float32)) & 255)))
    assert n_kinds[0] > 100
    assert n_kinds[1] <= 17


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (7, 1), (40, 50)])
def test_what_is_written_reads_back(tmp_path, size):
    probabilities = simulated(0, 4, size)
    write_probabilities(probabilities, tmp_path / "a.tiff")
    np.testing.assert_array_equal(read_codes(tmp_path / "a.tiff", size), encoded(probabilities))
    before = (tmp_path / "a.tiff").read_bytes()
    write_probabilities(probabilities, tmp_path / "a.tiff")
    assert (tmp_path / "a.tiff").read_bytes() == before


@pytest.mark.parametrize("value", [np.nan, np.inf, -0.1, 0.7])
def test_what_are_no_probabilities_is_refused(tmp_path, value):
    damaged = simulated(0, 1)
    damaged[0, 3, 4] = value
    with pytest.raises(ValueError, match=r"a\.tiff: probabilities are not finite, negative or do not sum to 1"):
        write_probabilities(damaged, tmp_path / "a.tiff")
    assert not (tmp_path / "a.tiff").exists()


def test_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"shape \(2, 4, 4\), expected \(3, H, W\)"):
        encoded(np.full((2, 4, 4), 0.5, np.float32))


@pytest.mark.parametrize(
    "planes",
    [np.full((8, 6), 128, np.uint8), np.full((10, 6), 128, np.uint16), np.zeros((10, 6), np.uint8)],
    ids=["size", "type", "zeros"],
)
def test_a_file_that_holds_something_else_is_refused(tmp_path, planes):
    write_image(planes, tmp_path / "b.tiff")
    with pytest.raises(ValueError, match=r"b\.tiff: .* are not the probabilities of an image of 5 x 6; predict again"):
        read_codes(tmp_path / "b.tiff", (5, 6))
