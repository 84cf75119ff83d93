import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.evaluation.costs import (
    NetworkCosts,
    Timing,
    TrainingCosts,
    read_prediction_costs,
    read_training_costs,
    summarize_prediction,
    write_prediction_costs,
    write_training_costs,
)

NETWORK = NetworkCosts(1000, 5e9)


def prediction(*timings, network=NETWORK):
    return summarize_prediction([Timing(*timing) for timing in timings], "wide", "cpu, 2 threads", 512.5, network)


@pytest.mark.parametrize(
    ("pixels", "seconds", "share"),
    [(500_000, 5, 0.5), (1_000_000, 10, 1), (2_000_000, 10, 0.5), (4_000_000, 50, 1.25), (1, 10.5, 1.05)],
)
def test_ten_seconds_an_image_or_a_megapixel_are_tolerated(pixels, seconds, share):
    assert Timing("a", pixels, seconds).share_of_tolerance == pytest.approx(share)


def test_numbers_by_hand():
    costs = prediction(("small", 250_000, 6), ("large", 4_000_000, 42), ("tiny", 750_000, 2))
    assert costs.seconds_per_megapixel == pytest.approx(50 / 5)
    assert (costs.slowest_image, costs.slowest_share_of_tolerance) == ("large", pytest.approx(1.05))
    assert (costs.n_over_tolerance, costs.n_images) == (1, 3)
    assert (costs.n_parameters, costs.multiply_adds_per_megapixel) == (1000, 5e9)


def test_exactly_what_is_tolerated_is_no_miss():
    assert prediction(("a", 1_000_000, 10)).n_over_tolerance == 0


@given(st.lists(st.tuples(st.integers(1, 10**8), st.floats(0, 1e4)), min_size=1))
def test_an_image_misses_only_if_the_slowest_does(measured):
    costs = prediction(*((str(k), *timing) for k, timing in enumerate(measured)))
    assert (costs.n_over_tolerance > 0) == (costs.slowest_share_of_tolerance > 1)
    assert costs.n_over_tolerance <= costs.n_images == len(measured)


def test_without_images_and_network_nothing_is_made_up(tmp_path):
    path = tmp_path / "prediction.json"
    write_prediction_costs(path, prediction(network=None))
    content = json.loads(path.read_text())
    undefined = {name for name, value in content.items() if value is None}
    assert undefined == {
        "n_parameters", "multiply_adds_per_megapixel", "seconds_per_megapixel", "slowest_image",
        "slowest_share_of_tolerance",
    }  # fmt: skip


def test_what_is_written_is_read(tmp_path):
    costs = prediction(("a", 250_000, 0.125))
    write_prediction_costs(tmp_path / "run" / "prediction.json", costs)
    training = TrainingCosts(seconds=61.5, device="cpu, 2 threads")
    write_training_costs(tmp_path / "run" / "training.json", training)
    assert read_prediction_costs(tmp_path / "run" / "prediction.json") == costs
    assert read_training_costs(tmp_path / "run" / "training.json") == training


def test_a_training_that_did_not_note_its_device_is_read(tmp_path):
    path = tmp_path / "training.json"
    path.write_text('{"seconds": 61.5}')
    assert read_training_costs(path) == TrainingCosts(seconds=61.5, device="")


def test_what_was_not_measured_is_none(tmp_path):
    assert read_prediction_costs(tmp_path / "prediction.json") is None
    assert read_training_costs(tmp_path / "training.json") is None


@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", "[]", '{"seconds": -1}', '{"seconds": NaN}', "{}", "\x80"])
@pytest.mark.parametrize("read", [read_training_costs, read_prediction_costs])
def test_a_damaged_file_is_named_in_one_line(tmp_path, content, read):
    path = tmp_path / "costs.json"
    path.write_text(content, encoding="latin-1")
    with pytest.raises(ValueError, match=r"costs\.json: damaged or edited \(.*run `dvc repro`") as refused:
        read(path)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("seconds", [math.nan, math.inf, -1.0])
def test_a_time_that_is_none_is_not_written(tmp_path, seconds):
    with pytest.raises(ValueError, match="seconds"):
        write_training_costs(tmp_path / "training.json", TrainingCosts(seconds=seconds))
    assert not list(tmp_path.iterdir())
