from collections import Counter
from dataclasses import replace

import pytest

from cellarena.reporting.synthetic import beside_each_other
from test_records import RECORD


def records(kind, **counts):
    return [replace(RECORD, id=f"{kind}{m}{k}", sha256=f"{kind}{m}{k}", modality=m) for m, n in counts.items()
            for k in range(n)]  # fmt: skip


def test_two_of_each_kind_stand_side_by_side_in_every_modality():
    shown = beside_each_other(records("r", DIC=5, phase=2), records("s", DIC=3, phase=4))
    assert [(r.modality, made) for r, made in shown] == [
        ("DIC", False), ("DIC", False), ("DIC", True), ("DIC", True),
        ("phase", False), ("phase", False), ("phase", True), ("phase", True),
    ]  # fmt: skip
    assert all(r.id.startswith("s") == made for r, made in shown)


def test_which_are_shown_does_not_depend_on_their_order():
    real, made = records("r", DIC=9), records("s", DIC=9)
    assert beside_each_other(real, made) == beside_each_other(real[::-1], made[::-1])


def test_a_modality_of_one_kind_is_left_out_and_one_image_is_enough():
    shown = beside_each_other(records("r", DIC=5, phase=2), records("s", DIC=1))
    assert Counter(made for _, made in shown) == {False: 1, True: 1}
    with pytest.raises(ValueError, match="no modality of the train subset"):
        beside_each_other(records("r", DIC=5), records("s", phase=1))
