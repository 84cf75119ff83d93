import numpy as np
import pandas as pd
import pytest

from cellarena.reporting.report import COST_COLUMNS, LEADERBOARD_COLUMNS, Illustration, Leakage, Report
from cellarena.reporting.statements import costs, leakage, protocol, warnings
from cellarena.reporting.tables import (
    UNDEFINED,
    cost_table,
    image_table,
    leaderboard_table,
    other_table,
    plain,
    variant_table,
)


def _row(model: str, f1: float | None, seeds: int = 3, failed: int = 0, images: int = 10) -> dict[str, object]:
    scores = dict.fromkeys(("f1_min", "f1_max", "f1_median", "f1_with_border", "precision", "recall", "dice"), f1)
    return {"model": model, "arm": "real", "seeds": seeds, "images": images, "f1": f1, "failed": failed, **scores}


def _cost(model: str, n_over: int | None = 0, share: float = 0.5, device: str = "cpu") -> dict[str, object]:
    """Return a row of costs; `n_over` is None where nothing was measured."""
    verdict = "not measured" if n_over is None else "misses" if n_over else "meets"
    measured = n_over is not None
    return {
        "model": model, "arm": "real", "variant": "wide", "n_parameters": 1_626_425 if measured else pd.NA,
        "multiply_adds_per_megapixel": 12.25e9 if measured else np.nan, "training_seconds": 61.7,
        "seconds_per_megapixel": 0.25 if measured else np.nan, "peak_memory_mb": 512.4 if measured else np.nan,
        "time_tolerance": verdict, "slowest_share_of_tolerance": share if measured else np.nan,
        "n_over_tolerance": n_over if measured else pd.NA, "n_timed": 30 if measured else 0, "device": device,
    }  # fmt: skip


def _costs(*rows: dict[str, object]) -> pd.DataFrame:
    table = pd.DataFrame(list(rows), columns=list(COST_COLUMNS))
    return table.astype({"n_parameters": "Int64", "n_over_tolerance": "Int64"})


def _report(
    *rows: dict[str, object], found: Leakage | None = None, measured: tuple[dict[str, object], ...] = ()
) -> Report:
    images = pd.DataFrame({"image": ["a"], "failure": [""]})
    board = pd.DataFrame(list(rows))
    return Report("T", [], board, _costs(*measured), pd.DataFrame(), images, found or Leakage(10, 0), [])


def test_a_model_at_or_below_the_floor_is_pointed_out() -> None:
    lines = warnings(_report(_row("otsu", 0.5, seeds=1), _row("good", 0.51), _row("even", 0.5), _row("bad", 0.2)))
    assert lines == [
        "even on arm real: F1 0.500 is not above the classical floor (otsu, 0.500).",
        "bad on arm real: F1 0.200 is not above the classical floor (otsu, 0.500).",
    ]


def test_a_clean_comparison_has_no_warning() -> None:
    assert warnings(_report(_row("otsu", 0.5, seeds=1), _row("good", 0.7))) == []


@pytest.mark.parametrize("floor", [[], [_row("otsu", np.nan)], [_row("otsu", None)]])
def test_a_missing_floor_is_said(floor: list[dict[str, object]]) -> None:
    assert warnings(_report(*floor, _row("unet", 0.7))) == [
        "There is no F1 of the classical floor (otsu) to compare with."
    ]


def test_an_undefined_score_is_said_and_not_compared() -> None:
    assert warnings(_report(_row("otsu", 0.5), _row("unet", np.nan))) == ["unet on arm real: F1 is undefined."]


def test_failures_come_with_their_count() -> None:
    assert warnings(_report(_row("otsu", 0.5), _row("unet", 0.7, failed=2)))[0] == (
        "unet on arm real: 2 of 30 predictions failed (10 images, 3 seeds)."
    )


def test_one_seed_and_uneven_images_are_pointed_out() -> None:
    uneven, single = warnings(_report(_row("otsu", 0.5, seeds=1), _row("unet", 0.7, seeds=1, images=9)))
    assert uneven == "The rows rest on different numbers of images and cannot be compared directly."
    assert single.startswith("1 seed: no spread (unet).")


def test_a_row_that_is_too_slow_is_pointed_out_with_its_count() -> None:
    rows = (_cost("unet"), _cost("sac", n_over=3, share=1.46), _cost("lstm_unet", n_over=None))
    assert warnings(_report(_row("otsu", 0.5), _row("unet", 0.7), measured=rows)) == [
        "sac on arm real: 3 of 30 predictions took longer than the challenge tolerates, up to 1.5 times as long."
    ]


def test_learned_rows_of_different_devices_are_pointed_out() -> None:
    rows = (_cost("unet", device="cuda"), _cost("sac", device="cpu"), _cost("lstm_unet", n_over=None, device=""))
    lines = warnings(_report(_row("otsu", 0.5), _row("unet", 0.7), measured=rows))
    assert lines == ["Times and memory of different devices cannot be compared directly: cpu; cuda."]
    rows = (_cost("unet", device="cuda"), _cost("otsu", device="cpu"))
    assert warnings(_report(_row("otsu", 0.5), _row("unet", 0.7), measured=rows)) == []


def test_what_the_costs_mean_is_said() -> None:
    report = _report(_row("otsu", 0.5), measured=(_cost("unet"), _cost("sac", n_over=None)))
    text = " ".join(costs(report))
    for fact in ("overlap and mirrored views come on top", "10 s per megapixel for one above 1 MP", "row: 0 to 30."):
        assert fact in text


def test_costs_are_shown_in_handy_units_and_what_was_not_measured_as_undefined() -> None:
    table = cost_table(_costs(_cost("unet"), _cost("sac", n_over=3, share=1.46), _cost("otsu", n_over=None)))
    texts = [[cell.text for cell in row.cells] for row in table.rows]
    assert texts[0] == ["unet", "real", "1.626", "12.250", "62", "0.250", "512", "meets", "0.500"]
    assert texts[1][-2:] == ["misses (3 of 30)", "1.460"]
    assert texts[2] == [
        "otsu (not learned)", "real", UNDEFINED, UNDEFINED, "62", UNDEFINED, UNDEFINED, "not measured", UNDEFINED,
    ]  # fmt: skip
    assert table.headings[2:7] == (
        "parameters (M)", "multiply-adds (G per MP)", "training (s)", "prediction (s per MP)", "peak memory (MB)",
    )  # fmt: skip


def test_variants_stand_beside_their_row() -> None:
    table = variant_table(_costs(_cost("unet"), {**_cost("sac"), "variant": "", "device": ""}))
    texts = [[cell.text for cell in row.cells] for row in table.rows]
    assert texts == [["unet", "real", "wide", "cpu"], ["sac", "real", UNDEFINED, UNDEFINED]]


def test_a_model_in_a_heading_keeps_its_name() -> None:
    assert other_table(pd.DataFrame({"maunet_wide": [0.5]})).headings == ("maunet_wide",)


def test_protocol_says_what_the_score_is_and_what_it_rests_on() -> None:
    text = " ".join(protocol(_report(_row("otsu", 0.5, seeds=1), _row("a", 0.7), _row("b", 0.7, seeds=2))))
    for fact in ("F1 at IoU 0.5", "border are ignored", "Test images: 10.", "learned model: 2 to 3.", "not learned"):
        assert fact in text
    assert "not learned" not in " ".join(protocol(_report(_row("a", 0.7))))


def test_leakage_is_counted_and_crossings_are_named() -> None:
    assert leakage(_report(_row("a", 0.7)))[0] == (
        "0 groups of near-duplicates among 10 images; no group of images crosses the subsets."
    )
    summary, notes = leakage(_report(_row("a", 0.7), found=Leakage(10, 1, ("a (train), b\n(test)",), ("no DIC",))))
    assert summary == "1 group of near-duplicates among 10 images; 1 group crosses the subsets."
    assert notes == ["a (train), b (test)", "no DIC"]


def test_leaderboard_is_ranked_and_honest_about_spread() -> None:
    board = pd.DataFrame(
        [_row("otsu", 0.5, seeds=1), _row("one", 0.6, seeds=1), _row("three", 0.7), _row("none", None)]
    )
    table = leaderboard_table(board)
    column = table.headings.index("F1 seed range")
    assert [row.cells[0].text for row in table.rows] == ["three", "one", "otsu (not learned)", "none"]
    assert [row.cells[column].text for row in table.rows] == [
        "0.700 to 0.700",
        "1 seed: no spread",
        UNDEFINED,
        UNDEFINED,
    ]


def test_undefined_everywhere_is_a_column_of_numbers() -> None:
    table = leaderboard_table(pd.DataFrame([_row("a", None), _row("b", None)]))
    assert table.rows[0].cells[table.headings.index("Dice")].text == UNDEFINED
    assert table.numeric[table.headings.index("Dice")]


def test_failed_images_are_marked_and_numbers_sort() -> None:
    table = image_table(
        pd.DataFrame({"image": ["a", "b"], "f1": [0.25, np.nan], "n": [3, 4], "failure": [None, "why"]})
    )
    assert [row.failed for row in table.rows] == [False, True]
    assert [(cell.text, cell.number) for cell in table.rows[0].cells[1:3]] == [("0.250", 0.25), ("3", 3.0)]
    assert (table.rows[1].cells[1].text, table.rows[1].cells[1].number) == (UNDEFINED, None)


def test_plain_text_has_one_visible_line_that_can_be_written() -> None:
    assert plain("a\nb\tc") == "a b c"
    assert plain("\u202egnp.exe\x00\udcff") == "�gnp.exe��"
    assert plain("Zellkörper 細胞.png") == "Zellkörper 細胞.png"


def test_a_report_names_missing_columns() -> None:
    board = pd.DataFrame(columns=[c for c in LEADERBOARD_COLUMNS if c != "dice"])
    few = _costs().drop(columns="device")
    with pytest.raises(ValueError, match="leaderboard: column dice is missing"):
        Report("T", [], board, _costs(), board, pd.DataFrame({"image": [], "failure": []}), Leakage(0, 0), [])
    with pytest.raises(ValueError, match="costs: column device is missing"):
        Report("T", [], board.assign(dice=0), few, board, pd.DataFrame({"image": []}), Leakage(0, 0), [])
    with pytest.raises(ValueError, match="per-image table: column failure is missing"):
        Report("T", [], board.assign(dice=0), _costs(), board, pd.DataFrame({"image": []}), Leakage(0, 0), [])


@pytest.mark.parametrize("path", ["/etc/a.png", "https://a/b.png", "javascript:alert(1)", "C:\\a.png"])
def test_figures_stand_in_the_project(path: str) -> None:
    with pytest.raises(ValueError, match="relative to the report"):
        Illustration("a", path, "")
