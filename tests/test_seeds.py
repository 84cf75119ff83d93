import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cellarena.seeds import digest, generator, uniform

PURPOSE = st.lists(st.text(max_size=5) | st.integers(0, 99), min_size=1, max_size=3)


@given(st.integers(0, 2**40), PURPOSE)
def test_the_same_purpose_gives_the_same_stream(seed, purpose):
    first, second = (generator(seed, *purpose).integers(2**60, size=3) for _ in range(2))
    np.testing.assert_array_equal(first, second)


@given(PURPOSE, PURPOSE)
def test_different_purposes_give_different_numbers(one, other):
    assert (digest(*one) == digest(*other)) == (one == other)


def test_a_number_and_its_text_are_different_purposes():
    assert digest(1) != digest("1")


def test_uniform_numbers_fill_the_unit_interval():
    numbers = np.array([uniform(0, "draw", i) for i in range(2000)])
    assert numbers.min() >= 0
    assert numbers.max() < 1
    np.testing.assert_allclose(np.histogram(numbers, 4, (0, 1))[0], 500, atol=80)


def test_the_numbers_are_the_same_on_every_machine():
    assert digest(0, "split", "a") == 124181207792316449080551134254801392152
