import numpy as np
import pandas as pd
import pytest

from cellarena.evaluation.calibration import objects, pixels
from cellarena.reporting.document import Illustration, Notes, ShownTable, Text
from cellarena.reporting.sections.calibration import calibration_section

FIGURE = Illustration("Reliability", "../plots/calibration/reliability_all.png", "As sure as right.")


def rows(run, difference=(-0.02, -0.03, -0.01), n=100, raw=0.125):
    """Return a run's rows of the table: every value is `raw` before scaling and changes by `difference`."""
    change, low, high = difference
    regions = {"all": pixels.METRICS, "boundary": pixels.METRICS, "objects": objects.METRICS}
    return pd.DataFrame([
        {
            "run": run, "temperature": 1.5, "region": region, "metric": metric, "raw": raw, "raw_low": raw - 0.1,
            "raw_high": raw + 0.1, "scaled": raw + change, "difference": change, "difference_low": low,
            "difference_high": high, "n": n, "n_images": 7, "n_failed": 0,
        }
        for region, metrics in regions.items() for metric in metrics
    ])  # fmt: skip


def floor():
    return rows("otsu-real-0", (np.nan,) * 3, 0, np.nan).assign(temperature=np.nan, n_images=0)


def texts(section):
    return [block.text for block in section.blocks if isinstance(block, Text)]


def test_every_run_is_told_and_the_floor_said_to_be_absent():
    section = calibration_section(pd.concat([rows("unet-real-0"), rows("sac-real-0"), floor()]), [FIGURE])
    assert section.title == "Calibration"
    assert section.blocks[-1] == FIGURE
    assert texts(section)[0].startswith("otsu-real-0: no probabilities")
    tables = [block.table for block in section.blocks if isinstance(block, ShownTable)]
    assert len(tables) == 4
    for table in tables:
        assert [row.cells[0].text for row in table.rows] == ["unet-real-0", "sac-real-0"]
    shown = dict(zip(tables[0].headings, (cell.text for cell in tables[0].rows[0].cells), strict=True))
    assert shown["ECE"] == "0.1250 (0.0250 to 0.2250)"
    assert shown["ECE after"] == "0.1050"
    assert shown["change of NLL"] == "-0.0200 (-0.0300 to -0.0100)"
    assert shown["temperature"] == "1.500"


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        ((-0.02, -0.03, -0.01), "in 1 of 1 runs and raised it in 0; for the other 0"),
        ((0.02, 0.01, 0.03), "in 0 of 1 runs and raised it in 1; for the other 0"),
        ((0.02, -0.01, 0.03), "in 0 of 1 runs and raised it in 0; for the other 1"),
        ((np.nan, np.nan, np.nan), "in 0 of 1 runs and raised it in 0; for the other 1"),
    ],
)
def test_the_verdict_is_that_of_the_intervals(difference, said):
    assert said in texts(calibration_section(rows("unet-real-0", difference), []))[0]


def test_the_classes_that_networks_are_judged_by_are_said():
    (notes,) = [b for b in calibration_section(rows("unet-real-0"), []).blocks if isinstance(b, Notes)]
    assert any("the three classes that it was taught" in line for line in notes.lines)


def test_undefined_values_are_shown_as_such_and_failures_counted():
    undefined = rows("unet-real-0", (-0.00001, np.nan, np.nan)).assign(raw_low=np.nan, n_failed=2)
    table = next(b.table for b in calibration_section(undefined, []).blocks if isinstance(b, ShownTable))
    shown = dict(zip(table.headings, (cell.text for cell in table.rows[0].cells), strict=True))
    assert shown["images"] == "7, 2 failed"
    assert shown["ECE"] == "0.1250 (no interval)"
    assert shown["change of ECE"] == "0.0000 (no interval)"


def test_without_any_probabilities_only_that_is_said():
    assert len(calibration_section(floor(), [FIGURE]).blocks) == 1


def test_a_table_that_lacks_something_is_refused():
    with pytest.raises(ValueError, match="0 rows for unet-real-0, all, ece"):
        calibration_section(rows("unet-real-0").query("metric != 'ece'"), [])
