import numpy as np
import pandas as pd

from cellarena.evaluation.leaderboard import BENCHMARK, costs_by_row
from cellarena.reporting.document import Notes, ShownTable, Warnings
from cellarena.reporting.sections.costs import costs_section
from cellarena.reporting.tables import UNDEFINED
from scored import board, scored


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


def _blocks(*rows: dict[str, object], kind: type) -> list:
    table = pd.DataFrame(list(rows), columns=list(_cost("")))
    section = costs_section(table.astype({"n_parameters": "Int64", "n_over_tolerance": "Int64"}))
    return [block for block in section.blocks if isinstance(block, kind)]


def _texts(shown: ShownTable) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in shown.table.rows]


def test_a_row_that_is_too_slow_is_pointed_out_with_its_count():
    rows = (_cost("unet"), _cost("sac", n_over=3, share=1.46), _cost("lstm_unet", n_over=None))
    assert [block.lines for block in _blocks(*rows, kind=Warnings)] == [
        ["sac on arm real: 3 of 30 predictions took longer than the challenge tolerates, up to 1.5 times as long."]
    ]


def test_learned_rows_of_different_devices_are_pointed_out():
    rows = (_cost("unet", device="cuda"), _cost("sac", device="cpu"), _cost("lstm_unet", n_over=None, device=""))
    assert [block.lines for block in _blocks(*rows, kind=Warnings)] == [
        ["Times and memory of different devices cannot be compared directly: cpu; cuda."]
    ]
    assert _blocks(_cost("unet", device="cuda"), _cost("otsu", device="cpu"), kind=Warnings) == [Warnings([])]


def test_what_the_costs_mean_is_said():
    (notes,) = _blocks(_cost("unet"), _cost("sac", n_over=None), kind=Notes)
    text = " ".join(notes.lines)
    for fact in ("overlap and mirrored views come on top", "10 s per megapixel for one above 1 MP", "row: 0 to 30."):
        assert fact in text


def test_costs_are_shown_in_handy_units_and_what_was_not_measured_as_undefined():
    rows = (_cost("unet"), _cost("sac", n_over=3, share=1.46), _cost("otsu", n_over=None))
    shown = _blocks(*rows, kind=ShownTable)[0]
    texts = _texts(shown)
    assert texts[0] == ["unet", "real", "1.626", "12.250", "62", "0.250", "512", "meets", "0.500"]
    assert texts[1][-2:] == ["misses (3 of 30)", "1.460"]
    assert texts[2] == [
        "otsu (not learned)", "real", UNDEFINED, UNDEFINED, "62", UNDEFINED, UNDEFINED, "not measured", UNDEFINED,
    ]  # fmt: skip
    assert shown.table.headings[2:7] == (
        "parameters (M)", "multiply-adds (G per MP)", "training (s)", "prediction (s per MP)", "peak memory (MB)",
    )  # fmt: skip


def test_variants_stand_beside_their_row():
    variants = _blocks(_cost("unet"), {**_cost("sac"), "variant": "", "device": ""}, kind=ShownTable)[1]
    assert _texts(variants) == [["unet", "real", "wide", "cpu"], ["sac", "real", UNDEFINED, UNDEFINED]]


def test_rows_that_were_not_measured_and_written_and_read_again_are_rows(tmp_path):
    measured = board().merge(costs_by_row({run: (None, None) for run, _ in scored()}), on=["model", "arm"])
    BENCHMARK.write(measured.reindex(columns=BENCHMARK.names), tmp_path / "benchmark.csv")
    read = BENCHMARK.read(tmp_path / "benchmark.csv")
    tables = [block for block in costs_section(read).blocks if isinstance(block, ShownTable)]
    assert [row[-2:] for row in _texts(tables[0])] == [["not measured", UNDEFINED]] * 2
    assert [row[-2:] for row in _texts(tables[1])] == [[UNDEFINED, UNDEFINED]] * 2
