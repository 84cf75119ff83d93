from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from PIL import Image as Pillow

from cellarena.images.windows import window
from cellarena.reporting.figures.curves import score_limits, threshold_curves
from cellarena.reporting.figures.examples import Prediction, example_figure
from cellarena.reporting.figures.sheets import Panel, caption, contact_sheet
from cellarena.reporting.figures.style import (
    CYAN,
    GREY,
    SILVER,
    SKY,
    VERMILLION,
    YELLOW,
    _with_palette,
    save,
    series_styles,
)
from cellarena.reporting.figures.tiles import tile
from cellarena.reporting.figures.training import training_curves


def _labels(height: int = 40, width: int = 60) -> np.ndarray:
    labels = np.zeros((height, width), np.uint16)
    labels[5:15, 5:15], labels[20:30, 30:45], labels[0:4, 50:56] = 1, 2, 5
    return labels


def _image(height: int = 40, width: int = 60) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 4000, (height, width)).astype(np.uint16)


def _panel(name: str = "a.tif") -> Panel:
    return Panel(name, "phase contrast", _image(), _labels())


def _lines(figure: Figure, panel: int) -> dict[str, int]:
    """Return colour -> number of outlines in a panel."""
    collections = [c for c in figure.axes[panel].collections if isinstance(c, LineCollection) and c.get_segments()]
    return {to_hex(c.get_colors()[0]).upper(): len(c.get_segments()) for c in collections}


def _within(figure: Figure) -> None:
    """Check that no text is cut."""
    width, height = figure.canvas.get_width_height()
    renderer = figure.canvas.get_renderer()
    texts = [*figure.texts, *(t for axes in figure.axes for t in (axes.title, axes._left_title))]
    texts += [t for axes in figure.axes if axes.axison for t in (axes.xaxis.label, axes.yaxis.label)]
    for axes in (axes for axes in figure.axes if axes.axison):
        low, high = sorted(axes.get_ylim())
        texts += [tick for tick in axes.get_yticklabels() if low <= tick.get_position()[1] <= high]
    texts += [t for legend in figure.legends for t in legend.get_texts()]
    for text in texts:
        if text.get_text():
            box = text.get_window_extent(renderer)
            assert box.x0 >= -1, text
            assert box.y0 >= -1, text
            assert box.x1 <= width + 1, text
            assert box.y1 <= height + 1, text


def test_caption_names_modality_size_depth_and_cells() -> None:
    assert caption(_panel()) == "a.tif\nphase contrast, 60 x 40, 16 bit, 3 cells"
    part = Panel("x" * 40, "DIC", np.zeros((300, 10, 3), np.uint8), np.ones((300, 10), np.uint8))
    assert caption(part) == "x" * 27 + "…\nDIC, 10 x 300 (part), 8 bit, 1 cell"
    long = Panel("a", "nuclear fluorescence (tissue)", _image(), _labels())
    assert caption(long) == "a\nnuclear fluorescenc…, 60 x 40, 16 bit, 3 cells"


def test_sheet_outlines_every_object_beside_the_plain_image() -> None:
    figure = contact_sheet([_panel()], "Data")
    assert _lines(figure, 0) == {}
    assert sum(_lines(figure, 1).values()) == 3
    _within(figure)


def test_sheet_draws_on_bright_images_in_another_colour() -> None:
    dark, bright = np.zeros((40, 60), np.uint8), np.full((40, 60), 200, np.uint8)
    dark[:5], bright[:5] = 255, 0
    figure = contact_sheet([Panel("d", "m", dark, _labels()), Panel("b", "m", bright, _labels())], "Data")
    assert list(_lines(figure, 1)) == [YELLOW]
    assert list(_lines(figure, 3)) == [CYAN]


def test_sheet_refuses_nothing_and_mismatched_sizes() -> None:
    with pytest.raises(ValueError, match="no image"):
        contact_sheet([], "Data")
    with pytest.raises(ValueError, match=r"b\.png.*differ in size"):
        contact_sheet([Panel("b.png", "m", _image(), _labels(41))], "Data")


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (700, 3)])
def test_sheet_shows_odd_sizes(shape: tuple[int, int], tmp_path: Path) -> None:
    panel = Panel("odd", "m", np.ones(shape, np.float32), np.ones(shape, np.int32))
    save(contact_sheet([panel], "Odd"), tmp_path / "odd.png")
    assert (tmp_path / "odd.png").stat().st_size > 0


def test_window_is_where_most_objects_are() -> None:
    labels = np.zeros((100, 100), np.uint16)
    labels[90, 0:10:2] = np.arange(1, 6)
    assert window(labels, 20) == (slice(80, 100), slice(0, 20))
    assert window(np.zeros((100, 100), int), 20) == (slice(40, 60), slice(40, 60))
    assert window(np.zeros((5, 100), int), 20) == (slice(0, 20), slice(40, 60))


def test_tile_keeps_the_aspect_and_places_itself_in_the_part() -> None:
    shown = tile(_image(), (slice(0, 40), slice(0, 60)), 120)
    assert shown.rgb.shape == (80, 120, 3)
    assert shown.extent == (-0.5, 59.5, 39.5, -0.5)


def test_example_colours_objects_by_status() -> None:
    pred = np.zeros((40, 60), np.uint16)
    pred[5:15, 5:14], pred[33:38, 5:10], pred[33:38, 20:25], pred[0:3, 50:56] = 3, 4, 6, 8
    found = Prediction("unet", pred, frozenset({1}), frozenset({3}), 0.4, frozenset({5}), frozenset({8}))
    failed = Prediction("sac", None, frozenset(), frozenset(), float("nan"))
    figure = example_figure(_image(), _labels(), [found, failed], "a.tif")
    assert _lines(figure, 0) == {}
    assert _lines(figure, 1) == {YELLOW: 3}
    assert _lines(figure, 2) == {SKY: 1, YELLOW: 1, VERMILLION: 2, SILVER: 1}
    assert _lines(figure, 3) == {}
    assert figure.axes[2].get_title(loc="left") == "unet: F1 0.400"
    assert figure.axes[3].get_title(loc="left") == "sac: failed"
    _within(figure)


def test_example_statuses_differ_in_line_style_too() -> None:
    pred = np.zeros((40, 60), np.uint16)
    pred[33:38, 5:10], pred[5:15, 5:14] = 4, 3
    figure = example_figure(_image(), _labels(), [Prediction("m", pred, frozenset({1}), frozenset({3}), 0.1)], "a")
    styles = [str(c.get_linestyles()[0]) for c in figure.axes[2].collections if len(c.get_segments())]
    assert len(set(styles)) == 3


def test_example_refuses_another_size() -> None:
    wrong = Prediction("unet", _labels(41), frozenset(), frozenset(), 0.0)
    with pytest.raises(ValueError, match="unet"):
        example_figure(_image(), _labels(), [wrong], "a.tif")


def _wide(x: str) -> pd.DataFrame:
    return pd.DataFrame({x: [0.5, 0.6, 0.7], "unet-real-0": [0.8, np.nan, 0.6], "otsu": [0.5] * 3, "sac": [np.nan] * 3})


def test_threshold_curves_skip_what_was_not_measured_and_mark_the_floor() -> None:
    figure = threshold_curves(_wide("threshold"), "F1")
    lines = {line.get_label(): line for line in figure.axes[0].lines}
    assert set(lines) == {"unet-real-0", "otsu (not learned)", "sac (no value)"}
    assert lines["unet-real-0"].get_xdata().tolist() == [0.5, 0.7]
    assert figure.axes[0].get_xlabel() == "IoU threshold"
    assert figure.axes[0].get_ylabel() == "mean F1"
    _within(figure)


MODELS = ("unet", "nnunet", "sac", "lstm_unet", "maunet", "maunet_wide", "maunet_ensemble")


def _apart(figure: Figure) -> None:
    """Check that no two texts of a figure lie over each other, and none over the inside of a panel."""
    renderer = figure.canvas.get_renderer()
    texts = [*figure.texts, *(t for legend in figure.legends for t in legend.get_texts())]
    texts += [axes._left_title for axes in figure.axes]
    for axes in (axes for axes in figure.axes if axes.axison):
        texts += [axes.xaxis.label, axes.yaxis.label]
        for axis, limits in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = [tick for tick in axis.get_major_ticks() if min(limits) <= tick.get_loc() <= max(limits)]
            texts += [tick.label1 for tick in ticks if tick.label1.get_visible()]
    boxes = [text.get_window_extent(renderer) for text in texts if text.get_text()]
    assert len(boxes) > len(MODELS)
    panels = [axes.get_window_extent(renderer) for axes in figure.axes if axes.axison or axes.images]
    for k, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in [*boxes[:k], *panels])


def _of_seven(x: str) -> pd.DataFrame:
    runs = [f"{model}-real-{seed}" for model in MODELS for seed in range(3)]
    return pd.DataFrame(
        {x: [100, 600, 2400]} | {run: np.linspace(0.1, 0.9, 3) + 0.001 * k for k, run in enumerate(runs)}
    )


def test_seven_models_and_the_floor_have_room() -> None:
    curves = pd.DataFrame({"threshold": [0.5, 0.95]} | {model: [0.9, 0.3] for model in (*MODELS, "otsu")})
    for figure in (
        threshold_curves(curves, "F1 over IoU thresholds"),
        training_curves(_of_seven("step"), _of_seven("step"), "Training"),
    ):
        _apart(figure)
        _within(figure)


@pytest.mark.parametrize("size", [(60, 256), (256, 60), (20, 20), (300, 400)])
def test_titles_of_an_example_have_room_whatever_its_shape(size: tuple[int, int]) -> None:
    true = np.ones(size, np.uint8)
    names = [*MODELS, "a_rather_long_name_of_a_model", "otsu"]
    labels = [true] * 5 + [None] * 4
    found = [Prediction(name, pred, frozenset(), frozenset(), np.nan) for name, pred in zip(names, labels, strict=True)]
    figure = example_figure(true * 9, true, found, "a")
    _apart(figure)
    _within(figure)


def test_an_example_of_seven_models_and_the_floor_is_two_full_rows_and_a_small_file(tmp_path: Path) -> None:
    true = np.kron(np.arange(1, 65).reshape(8, 8), np.pad(np.ones((24, 24), np.uint16), 4))
    image = np.random.default_rng(0).normal(np.where(true > 0, 160, 60), 6).astype(np.uint8)
    found = frozenset(range(1, 33))
    figure = example_figure(image, true, [Prediction(m, true, found, found, 0.5) for m in (*MODELS, "otsu")], "noisy")
    assert len(figure.axes) == 10
    _apart(figure)
    _within(figure)
    save(figure, tmp_path / "a.png")
    assert (tmp_path / "a.png").stat().st_size < 400_000


@pytest.mark.parametrize(
    ("scores", "tenths"),
    [([0.55, 0.81], (5, 9)), ([0.3, 0.5], (3, 5)), ([0.91, 0.95], (8, 10)), ([0.0, 1.0], (0, 10)), ([0.42], (4, 6)),
     ([np.nan], (0, 10)), ([], (0, 10)), ([1.0, np.nan], (8, 10))],
)  # fmt: skip
def test_an_axis_of_scores_ends_at_the_tenths_around_them(scores: list[float], tenths: tuple[int, int]) -> None:
    low, high = score_limits(scores)
    margin = 0.02 * (tenths[1] - tenths[0]) / 10
    assert (low, high) == (pytest.approx(tenths[0] / 10 - margin), pytest.approx(tenths[1] / 10 + margin))


@given(st.lists(st.floats(0, 1), min_size=1))
def test_every_score_is_on_its_axis(scores: list[float]) -> None:
    low, high = score_limits(scores)
    assert low < min(scores) <= max(scores) < high


def test_each_model_has_its_score_and_loss_with_a_line_per_seed() -> None:
    figure = training_curves(_of_seven("step"), _of_seven("step"), "Training")
    shown = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title(loc="left") for axes in shown if axes.get_title(loc="left")] == [f"{m}-real" for m in MODELS]
    assert [len(axes.lines) for axes in shown] == [3] * 14
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["seed 0", "seed 1", "seed 2"]
    scores = [axes for axes in shown if axes.get_title(loc="left")]
    assert len({axes.get_ylim() for axes in scores}) == 1


def test_training_curves_label_every_axis() -> None:
    figure = training_curves(_wide("step"), _wide("step"), "Training")
    titles = [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]
    assert titles == ["unet-real", "otsu", "sac (no value)"]
    assert figure.axes[0].get_ylabel() == "validation F1"
    assert figure.axes[3].get_ylabel() == "training loss"
    assert figure.axes[3].get_xlabel() == "optimizer step"
    _within(figure)


def test_curves_name_the_missing_column() -> None:
    with pytest.raises(ValueError, match="is missing; it has nothing"):
        threshold_curves(pd.DataFrame({"nothing": [1]}), "x")


def test_styles_differ_and_seeds_of_a_model_share_a_colour() -> None:
    runs = [f"{model}-real-{seed}" for model in ("unet", "nnunet", "lstm_unet", "maunet", "sac") for seed in (0, 1, 2)]
    styles = series_styles(["otsu", *runs])
    assert len(set(styles.values())) == 16
    assert styles["unet-real-0"].colour == styles["unet-real-2"].colour != styles["sac-real-0"].colour
    assert styles["otsu"].colour == GREY


def test_saved_figures_are_small_palette_pngs_and_equal_each_time(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save(contact_sheet([_panel()] * 5, "Data $x_1$"), tmp_path / name)
    content = (tmp_path / "a.png").read_bytes()
    assert content == (tmp_path / "b.png").read_bytes()
    assert len(content) < 300_000
    with Pillow.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P"
        assert picture.info.get("Software") is None
        assert picture.convert("RGB").getpixel((1, 1)) == (255, 255, 255)


def test_long_titles_are_not_cut() -> None:
    title = "a_very_long_name_" * 8 + ": the image of median F1"
    nothing = Prediction("lstm_unet-mixed50-0", _labels(), frozenset(), frozenset(), 0.0)
    for figure in (
        example_figure(_image(), _labels(), [nothing] * 2, title),
        threshold_curves(_wide("threshold"), title),
        contact_sheet([_panel()], title),
    ):
        _within(figure)


def test_white_stays_white_beside_many_bright_colours() -> None:
    pixels = np.random.default_rng(0).integers(225, 256, (200, 200, 3)).astype(np.uint8)
    pixels[:20] = 255
    mapped = np.asarray(_with_palette(Pillow.fromarray(pixels), 192).convert("RGB"))
    assert (mapped[:20] == 255).all()
    assert np.abs(mapped.astype(int) - pixels).mean() < 6


def test_figures_do_not_depend_on_the_users_matplotlib_settings(tmp_path: Path) -> None:
    import matplotlib as mpl

    save(threshold_curves(_wide("threshold"), "F1"), tmp_path / "a.png")
    with mpl.rc_context({"axes.facecolor": "red", "xtick.major.size": 30, "savefig.facecolor": "red"}):
        save(threshold_curves(_wide("threshold"), "F1"), tmp_path / "b.png")
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
