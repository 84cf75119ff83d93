import numpy as np
import pandas as pd
import pytest

from cellarena.reporting.document import Illustration, Notes, ShownTable, Warnings
from cellarena.reporting.sections.leaderboard import leaderboard_section
from cellarena.reporting.tables import UNDEFINED, Table


def _row(model: str, f1: float | None, seeds: int = 3, failed: int = 0, images: int = 10, **more: object) -> dict:
    scores = dict.fromkeys(("f1_seed_min", "f1_seed_max", "f1_median", "f1_with_border", "precision", "recall"), f1)
    counts = {"n_seeds": seeds, "n_images": images, "failed": failed}
    return {"model": model, "arm": "real", "f1": f1, "dice": f1} | scores | counts | more


def _blocks(*rows: dict, kind: type) -> list:
    return [block for block in leaderboard_section(pd.DataFrame(rows), "strict-1").blocks if isinstance(block, kind)]


def _warnings(*rows: dict) -> list[str]:
    return [line for block in _blocks(*rows, kind=Warnings) for line in block.lines]


def _notes(*rows: dict) -> str:
    return " ".join(line for block in _blocks(*rows, kind=Notes) for line in block.lines)


def _table(*rows: dict) -> Table:
    return _blocks(*rows, kind=ShownTable)[0].table


def _column(table: Table, heading: str) -> list[str]:
    return [row.cells[table.headings.index(heading)].text for row in table.rows]


def test_a_model_at_or_below_the_floor_is_pointed_out():
    lines = _warnings(_row("otsu", 0.5, seeds=1), _row("good", 0.51), _row("even", 0.5), _row("bad", 0.2))
    assert lines == [
        "even on arm real: F1 0.500 is not above the classical floor (otsu, 0.500).",
        "bad on arm real: F1 0.200 is not above the classical floor (otsu, 0.500).",
    ]


def test_a_clean_comparison_has_no_warning():
    assert _warnings(_row("otsu", 0.5, seeds=1), _row("good", 0.7)) == []


@pytest.mark.parametrize("floor", [[], [_row("otsu", np.nan)], [_row("otsu", None)]])
def test_a_missing_floor_is_said(floor):
    assert _warnings(*floor, _row("unet", 0.7)) == ["There is no F1 of the classical floor (otsu) to compare with."]


def test_an_undefined_score_is_said_and_not_compared():
    assert _warnings(_row("otsu", 0.5), _row("unet", np.nan)) == ["unet on arm real: F1 is undefined."]


def test_failures_come_with_their_count():
    rows = _row("otsu", 0.5), _row("unet", 0.7, failed=2)
    assert _warnings(*rows)[0] == "unet on arm real: 2 of 30 predictions failed (10 images, 3 seeds)."
    assert [row.failed for row in _table(*rows).rows] == [True, False]


def test_one_seed_and_uneven_images_are_pointed_out():
    uneven, single = _warnings(_row("otsu", 0.5, seeds=1), _row("unet", 0.7, seeds=1, images=9))
    assert uneven == "The rows rest on different numbers of images and cannot be compared directly."
    assert single.startswith("1 seed: no spread (unet).")


def test_the_notes_say_what_the_score_is_and_what_it_rests_on():
    text = _notes(_row("otsu", 0.5, seeds=1), _row("a", 0.7), _row("b", 0.7, seeds=2))
    facts = ("Protocol strict-1", "F1 at IoU 0.5", "border are ignored", "Test images: 10.", "learned model: 2 to 3.")
    for fact in (*facts, "not learned"):
        assert fact in text
    assert "not learned" not in _notes(_row("a", 0.7))


def test_the_table_is_ranked_and_honest_about_spread():
    table = _table(_row("otsu", 0.5, seeds=1), _row("one", 0.6, seeds=1), _row("three", 0.7), _row("none", None))
    assert _column(table, "model") == ["three", "one", "otsu (not learned)", "none"]
    assert _column(table, "F1 seed range") == ["0.700 to 0.700", "1 seed: no spread", UNDEFINED, UNDEFINED]


def test_undefined_everywhere_is_a_column_of_numbers():
    table = _table(_row("a", None), _row("b", None))
    assert _column(table, "Dice") == [UNDEFINED] * 2
    assert table.numeric[table.headings.index("Dice")]


def test_intervals_and_coverage_are_shown_where_they_are_there():
    found = {"n_expected": 30, "n_covered": 30, "f1_images_low": 0.6, "f1_images_high": 0.8}
    rows = (
        _row("a", 0.7, f1_low=0.65, f1_high=0.75, n_empty=2, **found),
        _row("b", 0.6, f1_low=np.nan, f1_high=np.nan, n_empty=0, **found),
    )
    table = _table(*rows)
    assert _column(table, "F1 interval") == ["0.650 to 0.750", UNDEFINED]
    assert _column(table, "F1 interval (images)") == ["0.600 to 0.800"] * 2
    assert _column(table, "coverage") == ["30 of 30"] * 2
    assert _column(table, "empty") == ["2", "0"]
    for word in ("F1 interval: ", "F1 interval (images): ", "Coverage: "):
        assert word in _notes(*rows)
        assert word not in _notes(_row("a", 0.7))
    assert not {"F1 interval", "F1 interval (images)", "coverage", "empty"} & set(_table(_row("a", 0.7)).headings)


def test_figures_stand_below_the_table():
    figure = Illustration("F1 by seed", "../plots/seeds.png", "")
    section = leaderboard_section(pd.DataFrame([_row("a", 0.7)]), "strict-1", [figure])
    assert section.blocks[-1] is figure
