"""The leak guard: every leak is named with its chain."""

import pytest

from cellarena.datasets.splitting.synthetic_leaks import Ancestry, leaks, refuse_leaks
from cellarena.records import Record
from cellarena.synthesis.making import Donor


def record(name, sha256=None):
    return Record(
        name, f"{name}.png", f"{name}.tiff", "m", "", "", 8, 8, 3, "uint8", 1, sha256 or f"#{name}", "", "s", "l"
    )


TRAIN = [record("t1"), record("t2")]
SUBSETS = {"train": TRAIN, "val": [record("v")], "test": [record("x")]}
SYNTHETIC = [record("s1"), record("s2")]
GIVEN = [Donor("s1", "shape", "t1", "#t1"), Donor("s1", "texture", "t2", "#t2"), Donor("s2", "shape", "t2", "#t2")]
KNOWN = {"t1": "#t1", "t2": "#t2"}


def found(known=KNOWN, donors=GIVEN, allowed=TRAIN, alike=(), synthetic=SYNTHETIC):
    return leaks(synthetic, Ancestry("g", known, donors), SUBSETS, allowed, alike)


def test_what_comes_from_train_alone_does_not_leak():
    assert found() == []
    refuse_leaks("R+S@10", [])


@pytest.mark.parametrize(
    ("donor", "sha256", "why"),
    [
        ("v", "#v", "val"),
        ("x", "#x", "test"),
        ("gone", "#gone", "in no subset"),
        ("t1", "#changed", "train, but with another sha256"),
        ("t1", "#x", "train, but with the sha256 of x (test)"),
    ],
)
def test_a_donor_that_is_no_train_image_is_named(donor, sha256, why):
    assert found(donors=[*GIVEN, Donor("s2", "texture", donor, sha256)]) == [f"g <- s2 <- {donor} ({why})"]


@pytest.mark.parametrize(
    ("known", "sha256", "why"),
    [
        ("v", "#v", "val"),
        ("x", "#x", "test"),
        ("gone", "#gone", "in no subset"),
        ("t1", "#x", "train, but with the sha256 of x (test)"),
    ],
)
def test_what_the_generator_learnt_from_is_judged_too(known, sha256, why):
    assert found(known={**KNOWN, known: sha256}) == [f"g <- {known} ({why})"]


def test_unknown_donors_are_a_leak():
    assert found(donors=GIVEN[:2]) == ["g <- s2 <- (donors unknown)"]


def test_a_near_duplicate_is_named_with_what_it_is_like():
    assert found(alike=[("s2", "x"), ("s9", "v")]) == ["g <- s2 ~ x (test, near-duplicate)"]


def test_an_arm_of_fewer_real_images_knows_no_others():
    assert found(allowed=TRAIN[:1]) == [
        "g <- t2 (train, but not among the arm's real images)",
        "g <- s1 <- t2 (train, but not among the arm's real images)",
        "g <- s2 <- t2 (train, but not among the arm's real images)",
    ]


def test_a_leak_of_an_image_that_the_arm_leaves_out_is_none():
    donors = [*GIVEN, Donor("s2", "shape", "x", "#x")]
    assert found(donors=donors, synthetic=SYNTHETIC[:1]) == []


def test_a_chain_is_named_once_though_it_gives_shape_and_texture():
    donors = [*GIVEN, Donor("s2", "shape", "x", "#x"), Donor("s2", "texture", "x", "#x")]
    assert found(donors=donors) == ["g <- s2 <- x (test)"]


def test_the_first_chains_are_shown_and_the_rest_counted():
    with pytest.raises(ValueError, match=r"the arm R\+S@10 leaks: a; b; c; and 2 more; run `dvc repro`"):
        refuse_leaks("R+S@10", list("abcde"))
