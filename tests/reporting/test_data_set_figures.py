"""Figures of a data set, whatever there is in it."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection

from cellarena.reporting.figures.data_set import cell_distributions, class_balance, image_sizes, intensity_ranges
from cellarena.reporting.figures.sheets import COLOURS, Panel, contact_sheet
from cellarena.reporting.figures.style import save

MODALITIES = ["H&E $x_1$", "phase contrast", "a modality of a very long name " * 3]


@pytest.fixture
def images():
    rng = np.random.default_rng(0)
    return pd.DataFrame({
        "image": [f"i{n}" for n in range(30)],
        "modality": [MODALITIES[n % 3] for n in range(30)],
        "n_objects": rng.integers(1, 400, 30),
        "height": rng.choice([256, 520, 1040], 30),
        "width": rng.choice([256, 696, 1388], 30),
    })  # fmt: skip


@pytest.fixture
def objects(images):
    return pd.DataFrame({"modality": images["modality"].repeat(20), "area": np.arange(600) + 1})


@pytest.fixture
def channels(images):
    return images[["image", "modality"]].assign(p01=10.0, median=20.0, p99=200.0, full_scale=255.0)


@pytest.fixture
def summary():
    shares = {"background": [0.75, 0.5], "interior": [0.2, 0.5], "boundary": [0.05, 0.0]}
    return pd.DataFrame({"modality": ["DIC", "all images"], **shares})


def texts(figure):
    """Return all texts of a figure that are shown, with the boxes that they fill."""
    found = list(figure.texts)
    for axes in figure.axes:
        low, high = sorted(axes.get_ylim())
        left, right = sorted(axes.get_xlim())
        found += [axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label, *axes.texts]
        found += [tick for tick in axes.get_yticklabels() if low <= tick.get_position()[1] <= high]
        found += [tick for tick in axes.get_xticklabels() if left <= tick.get_position()[0] <= right]
    found += [text for legend in figure.legends for text in [*legend.get_texts(), legend.get_title()]]
    renderer = figure.canvas.get_renderer()
    return {text.get_text(): text.get_window_extent(renderer) for text in found if text.get_text()}


def check(figure, *expected):
    """Check that texts are there, that none is cut, and that numbers are plain."""
    width, height = figure.canvas.get_width_height()
    found = texts(figure)
    for text, box in found.items():
        assert min(box.x0, box.y0) >= -1, text
        assert box.x1 <= width + 1, text
        assert box.y1 <= height + 1, text
        assert "mathdefault" not in text
    assert set(expected) <= set(found)


def dots(axes):
    return sum(len(c.get_offsets()) for c in axes.collections if isinstance(c, PathCollection))


def test_every_image_is_a_point_and_every_modality_a_histogram(images, objects):
    figure = cell_distributions(images, objects, "Cells")
    check(
        figure, "Cells", "phase contrast", "cells per image (line: median)", "cell area in pixels (line: median)", "100"
    )
    left, right = figure.axes
    assert dots(left) == 30
    assert sum(patch.get_data().values.size for patch in right.patches) == 3 * 40


def test_an_image_without_cells_is_drawn_at_zero(images, objects):
    figure = cell_distributions(images.assign(n_objects=[0, *images["n_objects"][1:]]), objects, "Cells")
    assert figure.axes[0].get_xscale() == "symlog"
    check(figure, "0", "1", "100")


def test_a_data_set_without_cells_has_a_figure(images, objects):
    figure = cell_distributions(images.assign(n_objects=0), objects.iloc[:0], "Cells")
    check(figure, "phase contrast", "0")
    assert not figure.axes[1].patches


def test_equal_values_are_drawn(images, objects):
    check(cell_distributions(images.assign(n_objects=7), objects.assign(area=50), "Cells"))
    check(image_sizes(images.assign(height=600, width=600), "Sizes"), "512")


def test_the_more_images_of_a_size_the_larger_its_mark(images):
    images = images.assign(modality="DIC", height=[100] * 29 + [200], width=300)
    figure = image_sizes(images, "Sizes")
    (marks,) = (c for c in figure.axes[0].collections if isinstance(c, PathCollection))
    assert marks.get_offsets().tolist() == [[300, 100], [300, 200]]
    assert marks.get_sizes()[0] > 5 * marks.get_sizes()[1]
    check(figure, "DIC (30)", "width in pixels", "height in pixels")


def test_sizes_from_thumbnails_to_slides_have_few_ticks(images):
    figure = image_sizes(images.assign(width=[81] * 29 + [10496]), "Sizes")
    check(figure, "64", "8192")
    assert "96" not in texts(figure)


def test_intensities_are_shares_of_the_pixel_types_range(images, channels):
    figure = intensity_ranges(images, channels, "Intensities")
    assert dots(figure.axes[0]) == 30
    first = next(c for c in figure.axes[0].collections if isinstance(c, PathCollection))
    assert first.get_offsets()[:, 0].tolist() == pytest.approx([20 / 255] * 10)
    check(figure, "Intensities", "0%", "100%")


def test_of_many_images_some_are_drawn(images, channels):
    many = pd.concat([channels[:1].assign(image=f"i{n}", median=float(n % 200)) for n in range(1000)])
    assert dots(intensity_ranges(images, many, "Intensities").axes[0]) == 150


def test_a_modality_of_floats_is_named_without_a_value(images, channels):
    floats = channels["modality"] == "phase contrast"
    figure = intensity_ranges(images, channels.assign(full_scale=channels["full_scale"].mask(floats)), "Intensities")
    check(figure, "phase contrast\nno value")
    assert dots(figure.axes[0]) == 20


def test_class_balance_stacks_the_shares(summary):
    figure = class_balance(summary, "Classes")
    widths = [bar.get_width() for container in figure.axes[0].containers for bar in container]
    assert widths == pytest.approx([0.75, 0.5, 0.2, 0.5, 0.05, 0.0])
    check(figure, "75.0%", "5.0%", "background", "interior", "boundary", "all images")


def test_a_sheet_of_noisy_images_is_a_small_file(tmp_path):
    rng = np.random.default_rng(0)
    labels = np.zeros((256, 256), np.uint16)
    labels[40:90, 40:90] = 1
    noisy = [Panel(f"n{n}", "DIC", rng.normal(100, 20, (256, 256)).astype(np.uint8), labels) for n in range(8)]
    save(contact_sheet(noisy, "DIC: 8 images"), tmp_path / "sheet.png", COLOURS)
    assert (tmp_path / "sheet.png").stat().st_size < 200_000
