import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t

from cellarena.registry.packages.conditions import Gate
from cellarena.registry.packages.gates import judge
from described import SHA256, candidate

STRICT = Gate(coverage=1, margin=0.02, forbid=["unknown", "non-commercial"])
SCORES = [0.8, 0.7, 0.9, 0.85, 0.75, 0.8, 0.65, 0.9]


def passed(*arguments, confidence=0.95):
    return {check.name: check.passed for check in judge(*arguments, confidence)}


def test_a_first_release_needs_coverage_and_licence_alone():
    assert passed(candidate(SCORES), None, STRICT) == {"coverage": True, "not worse": True, "licence": True}


def test_one_image_that_was_not_scored_is_too_few():
    (check, *_) = judge(candidate(SCORES, statuses=["ok"] * 7 + ["missing"]), None, STRICT, 0.95)
    assert not check.passed
    assert "7 of 8 test images" in check.words
    assert passed(candidate(SCORES, statuses=["failed"] * 8), None, STRICT)["coverage"]


def test_not_worse_is_the_one_sided_t_test_over_the_images():
    difference = np.array([0.03, -0.02, 0.04, 0.0, 0.01, 0.02, -0.01, 0.05])
    new, old = candidate(list(np.array(SCORES) + difference)), candidate(SCORES, "unet@v0.1.0")
    error = difference.std(ddof=1) / np.sqrt(8)
    p = t.sf((difference.mean() + 0.02) / error, 7)
    (_, check, _) = judge(new, old, STRICT, 0.95)
    assert check.passed == (p <= 0.05)
    assert f"p {p:.2g}" in check.words
    assert "difference +0.015 on 8 images" in check.words


@pytest.mark.parametrize(("shift", "expected"), [(-0.2, False), (-0.02, False), (0.0, True), (0.1, True)])
def test_a_shift_of_all_images_decides(shift, expected):
    new = candidate([value + shift for value in SCORES])
    assert passed(new, candidate(SCORES, "unet@v0.1.0"), STRICT)["not worse"] is expected


def test_scores_on_other_images_are_not_compared():
    other = candidate(SCORES, "unet@v0.1.0", hashes=["1" * 64, *[SHA256] * 7])
    (_, check, _) = judge(candidate(SCORES), other, STRICT, 0.95)
    assert not check.passed
    assert "scored on 7 of the 8 test images" in check.words
    assert passed(candidate(SCORES), other, Gate(coverage=1, margin=1, forbid=[]))["not worse"]


@pytest.mark.parametrize(
    ("licence", "non_commercial", "forbid", "expected"),
    [
        ("CC0-1.0", False, ["unknown", "non-commercial"], True),
        ("CC-BY-NC-4.0", True, ["unknown"], True),
        ("CC-BY-NC-4.0", True, ["non-commercial"], False),
        ("unknown", False, ["unknown"], False),
        ("unknown", False, ["non-commercial"], True),
    ],
)
def test_a_stage_takes_the_licences_that_it_does_not_forbid(licence, non_commercial, forbid, expected):
    new = candidate(SCORES, licence=licence, is_non_commercial=non_commercial)
    assert passed(new, None, Gate(coverage=1, margin=1, forbid=forbid))["licence"] is expected


@given(st.lists(st.floats(0, 1), min_size=3, max_size=12), st.floats(0, 0.5), st.floats(0, 0.5))
def test_a_wider_margin_never_turns_a_release_away(f1, a, b):
    narrow, wide = (Gate(coverage=1, margin=margin, forbid=[]) for margin in sorted((a, b)))
    old = candidate([0.5] * len(f1), "unet@v0.1.0")
    assert passed(candidate(f1), old, wide)["not worse"] >= passed(candidate(f1), old, narrow)["not worse"]
