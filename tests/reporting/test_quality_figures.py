"""Figures of synthetic beside real images, whatever there is of them."""

import numpy as np
import pandas as pd
import pytest

from cellarena.evaluation.quality.descriptions import spectrum_table
from cellarena.evaluation.quality.image_summaries import OBJECT_MEASURES, ImageSummary
from cellarena.reporting.figures.quality import intensities, likenesses, shapes, spectra
from cellarena.reporting.figures.quality_sheets import LookAlike, look_alikes, side_by_side
from cellarena.reporting.figures.sheets import Panel
from cellarena.reporting.figures.style import save

LONG = "a modality of a very long name " * 3


def summary(modality, seed, n_objects=9):
    rng = np.random.default_rng(seed)
    histograms = rng.random((3, 3, 256))
    histograms /= histograms.sum(axis=2, keepdims=True)
    if not n_objects:
        histograms[1:] = np.nan
    objects = pd.DataFrame(rng.random((n_objects, 5)) * 90 + 1, columns=list(OBJECT_MEASURES))
    return ImageSummary(
        f"s{seed}", modality, rng.normal(size=(2, 4)), np.zeros((2, 48, 48)), -np.arange(24.0) / 6, 0.1, histograms,
        objects, n_objects, 0.01, 0.5,
    )  # fmt: skip


@pytest.fixture
def sets():
    """Two modalities: one of real images without a cell that was not synthesised, one with a hostile name."""
    real = [summary(LONG, 0), summary("H&E $x_1$", 1, n_objects=0)]
    return {"synthetic": [summary(LONG, 2)], "train": real, "val": real[:1], "shuffled": real[:1]}


@pytest.fixture
def memory():
    rows = [(images, LONG, value) for images in ("synthetic", "val", "shuffled") for value in (0.2, 0.4)]
    return pd.DataFrame([*rows, ("val", "H&E $x_1$", np.nan)], columns=["images", "modality", "likeness"])


def curves(axes):
    return [line for line in axes.lines if np.isfinite(line.get_ydata()).any()]


def test_every_set_that_a_modality_has_is_a_curve(sets, memory):
    found = spectra(spectrum_table(sets, (64, 64)), "title")
    assert [len(curves(axes)) for axes in found.axes if axes.axison] == [4, 1, 4]
    # The same rows: all images, the modality without synthetic images and cells, the other.
    assert [len(curves(axes)) for axes in intensities(sets, "title").axes] == [3, 3, 3, 1, 0, 0, 3, 3, 3]
    assert [len(curves(axes)) for axes in shapes(sets, "title").axes] == [3] * 5 + [0, 0, 0, 0, 1] + [3] * 5
    assert [len(curves(axes)) for axes in likenesses(memory, "title").axes] == [0, 3]


def test_a_distribution_function_rises_from_0_to_1(sets):
    line = shapes(sets, "title").axes[0].lines[0]
    assert line.get_ydata()[[0, -1]].tolist() == [0, 1]
    assert (np.diff(line.get_ydata()) >= 0).all()
    assert line.get_xdata().tolist() == sorted(line.get_xdata())


def panel(name):
    labels = np.zeros((40, 60), np.uint16)
    labels[5:20, 5:20] = 1
    return Panel(name, "m", np.repeat((labels * 200).astype(np.uint8)[..., None], 3, 2), labels)


def test_sheets_show_up_to_five_of_each_and_say_what_is_missing():
    found = side_by_side([panel(f"r{k}") for k in range(7)], [panel("s\n$1$")], "title")
    shown = [axes for axes in found.axes if axes.images]
    assert len(shown) == 2 * 5 + 2 * 1
    assert "no synthetic image" in {text.get_text() for axes in side_by_side([], [], "t").axes for text in axes.texts}
    # Grey levels are shown as they are.
    assert shown[0].images[0].get_array().max() == 200


def test_pairs_stand_above_each_other_and_none_is_said():
    crop = panel("x").image
    found = look_alikes([LookAlike("s1", crop, "r1", crop, 0.987)] * 8, "title")
    assert sum(bool(axes.images) for axes in found.axes) == 12
    assert found.axes[0].get_title(loc="left") == "s1\nr = 0.99"
    assert any("No training image" in text.get_text() for text in look_alikes([], "title").texts)


def test_the_same_figure_has_the_same_bytes_and_no_text_is_cut(sets, memory, tmp_path):
    for k in range(2):
        save(likenesses(memory, "title"), tmp_path / f"{k}.png")
    assert (tmp_path / "0.png").read_bytes() == (tmp_path / "1.png").read_bytes()
    for figure in (shapes(sets, "title"), intensities(sets, "title"), likenesses(memory, "title")):
        width, height = figure.canvas.get_width_height()
        for axes in figure.axes:
            for text in (axes.xaxis.label, axes.yaxis.label):
                box = text.get_window_extent()
                assert not text.get_text() or (box.x0 >= -1 and box.x1 <= width + 1 and box.y0 >= -1)
                assert not text.get_text() or box.y1 <= height + 1
