import numpy as np
import pandas as pd
import pytest

from cellarena.reporting.figures.calibration import reliability_panels, risk_coverage_curves
from cellarena.reporting.figures.style import save


def reliability(*names, n=1000):
    edges = np.arange(16) / 15
    parts = [
        pd.DataFrame({
            "row": name, "scaling": scaling, "low": edges[:-1], "high": edges[1:],
            "n": [0] * 5 + [n] * 9 + [1 if n else 0], "confidence": (edges[:-1] + edges[1:]) / 2,
            "accuracy": [np.nan] * 5 + [0.4] * 10,
        })
        for name in names for scaling in ("raw", "scaled")
    ]  # fmt: skip
    return pd.concat(parts)


def test_each_row_has_a_diagram_and_below_it_what_the_bins_hold():
    figure = reliability_panels(reliability("unet", "sac", "maunet", "nnunet", "lstm_unet"), "Reliability")
    shown = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title("left") for axes in shown if axes.get_title("left")] == [
        "unet", "sac", "maunet", "nnunet", "lstm_unet",
    ]  # fmt: skip
    assert len(shown) == 10
    assert all(axes.get_xlabel() == "confidence" for axes in shown if not axes.get_title("left"))
    assert [text.get_text() for axes in shown for text in axes.texts] == ["n = 9,001"] * 5


def test_bins_of_a_few_pixels_are_hollow():
    figure = reliability_panels(reliability("unet"), "Reliability")
    hollow = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "white" and len(line.get_xdata())]
    assert [len(line.get_xdata()) for line in hollow] == [1, 1]


def test_a_row_without_pixels_says_so():
    figure = reliability_panels(reliability("unet", n=0), "Reliability")
    assert figure.axes[0].get_title("left") == "unet (no value)"
    assert (
        reliability_panels(reliability("unet").iloc[:0], "Reliability").axes[0].get_title("left").startswith("no row")
    )


def test_curves_start_where_more_than_a_handful_of_objects_count():
    coverage = np.linspace(0, 1, 201)
    table = pd.DataFrame({"coverage": coverage, "unet": np.where(coverage < 0.04, 1, coverage / 2), "sac": np.nan})
    figure = risk_coverage_curves(table, "Risk")
    (axes,) = figure.axes
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["unet", "sac (no object)", "90 % precision"]
    assert axes.lines[0].get_xdata()[0] == pytest.approx(0.05)
    assert axes.get_ylim()[1] < 0.6


def test_the_same_figure_has_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        save(reliability_panels(reliability("unet"), "Reliability"), tmp_path / f"{name}.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("draw", [reliability_panels, risk_coverage_curves])
def test_a_table_without_its_columns_is_refused(draw):
    with pytest.raises(ValueError, match="is missing"):
        draw(pd.DataFrame({"x": [1.0]}), "Title")
