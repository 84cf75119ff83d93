import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cellarena.synthesis.generators.cyclegan.pool import Pool


def numbered(*numbers):
    """Return images and codes that are filled with a number each."""
    values = torch.tensor(numbers, dtype=torch.float32)
    return values[:, None, None, None].expand(-1, 1, 2, 2).clone(), values[:, None].clone()


def test_a_pool_that_is_not_full_keeps_and_returns_what_comes():
    pool = Pool(4, (1, 2, 2), 1)
    images, codes = pool.exchange(*numbered(1, 2, 3), np.random.default_rng(0))
    assert codes.ravel().tolist() == [1, 2, 3]
    assert images[:, 0, 0, 0].tolist() == [1, 2, 3]
    assert pool.codes.ravel().tolist() == [1, 2, 3, 0]
    assert int(pool.n_filled) == 3


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 5), st.integers(1, 4), st.integers(1, 12), st.integers(0, 99))
def test_what_a_full_pool_gives_out_makes_place_for_what_came(capacity, n, rounds, seed):
    pool, rng = Pool(capacity, (1, 2, 2), 1), np.random.default_rng(seed)
    pool.exchange(*numbered(*range(-capacity, 0)), rng)
    for start in range(0, rounds * n, n):
        before = pool.codes.ravel().tolist()
        came = list(range(start, start + n))
        images, codes = pool.exchange(*numbered(*came), rng)
        assert sorted(codes.ravel().tolist() + pool.codes.ravel().tolist()) == sorted(before + came)
        torch.testing.assert_close(images[:, 0, 0, 0], codes[:, 0])
        torch.testing.assert_close(pool.images[:, 0, 0, 0], pool.codes[:, 0])


def test_a_full_pool_answers_half_of_the_time():
    pool, rng = Pool(50, (1, 2, 2), 1), np.random.default_rng(0)
    pool.exchange(*numbered(*[-1] * 50), rng)
    n_new = sum(float(pool.exchange(*numbered(number), rng)[1]) == number for number in range(1, 1001))
    assert 450 < n_new < 550


def test_the_caller_s_images_stay_as_they_are():
    pool, rng = Pool(1, (1, 2, 2), 1), np.random.default_rng(0)
    pool.exchange(*numbered(1), rng)
    images, codes = numbered(*range(2, 12))
    pool.exchange(images, codes, rng)
    assert codes.ravel().tolist() == list(range(2, 12))
    assert images[:, 0, 0, 0].tolist() == list(range(2, 12))
