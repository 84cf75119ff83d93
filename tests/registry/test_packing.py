from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.coverage import ImageStatus
from cellarena.records import Record
from cellarena.registry.packages.packing import PACKED_SCORES, centre, chosen_crops, score_lines, score_of
from cellarena.reporting.model_card import model_card
from described import package

RECORD = Record(
    "a", "images/a.png", "labels/a.tiff", "dic", "", "", 8, 8, 1, "uint8", 1, "0" * 64, "1" * 64, "simulated", "CC0-1.0"
)
SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=200)


def records(*ids_and_modalities):
    return [replace(RECORD, id=name, modality=modality) for name, modality in ids_and_modalities]


def test_crops_are_taken_of_each_modality_in_turn():
    known = records(("d", "dic"), ("a", "dic"), ("c", "fluorescence"), ("b", "dic"))
    assert [record.id for record in chosen_crops(known, 3)] == ["a", "c", "b"]
    assert [record.id for record in chosen_crops(reversed(known), 9)] == ["a", "c", "b", "d"]


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40))
def test_a_crop_is_the_middle(height, width, side):
    image = np.arange(height * width * 3, dtype=np.uint32).astype(np.uint8).reshape(height, width, 3)
    crop = centre(image, side)
    assert crop.shape == (min(height, side), min(width, side), 3)
    top, left = max(0, (height - side) // 2), max(0, (width - side) // 2)
    assert np.array_equal(crop[0, 0], image[top, left])


def test_every_test_image_has_a_line_also_one_that_was_not_scored():
    scores = pd.DataFrame(
        [("r", "a", "strict-1", 0.5, "f1", 0.75), ("r", "a", "strict-1", 0.75, "f1", 0.5),
         ("r", "a", "official-1", 0.5, "f1", 0.25)],
        columns=["run", "image", "protocol", "threshold", "metric", "value"],
    )  # fmt: skip
    lines = score_lines(scores, [ImageStatus("a", "ok", "f" * 64, "e" * 64, "")], records(("b", "dic"), ("a", "dic")))
    assert list(lines.columns) == PACKED_SCORES.names
    assert lines["image"].tolist() == ["a", "b"]
    assert lines["status"].tolist() == ["ok", "missing"]
    assert lines["f1"].tolist()[0] == 0.75
    assert np.isnan(lines["f1"].tolist()[1])
    score = score_of(lines, "r", SETTINGS)
    assert (score.mean, score.low, score.n_expected, score.n_covered) == (0.75, None, 2, 1)


def test_the_interval_of_a_score_holds_its_mean_and_is_the_same_twice():
    lines = pd.DataFrame(
        [(f"i{i}", "dic", "f" * 64, "ok", 0.5 + 0.05 * i) for i in range(8)], columns=PACKED_SCORES.names
    )
    score = score_of(lines, "r", SETTINGS)
    assert score.low < score.mean < score.high
    assert score == score_of(lines, "r", SETTINGS)


def test_nothing_scored_is_no_number():
    score = score_of(pd.DataFrame([], columns=PACKED_SCORES.names), "r", SETTINGS)
    assert (score.mean, score.n_expected, score.n_covered) == (None, 0, 0)


@pytest.mark.parametrize(("licence", "words"), [("CC-BY-NC-4.0", "Commercial use is excluded"), ("CC0-1.0", "Nothing")])
def test_the_card_says_what_a_stranger_must_know(licence, words):
    packed = package(licence, is_non_commercial="NC" in licence).model_dump(mode="json")
    hostile = {"run": "unet-real-0", "decoding": {"seed": 0.5}, "note": "<script>|"}
    card = model_card(packed, [hostile], {"dic": (0.5, 3)})
    assert words in card
    assert "Mean F1 at IoU 0.5 is 0.500" in card
    assert "| dic | 0.500 | 3 |" in card
    assert "| decoding.seed | 0.5 |" in card
    assert "<script>" not in card
