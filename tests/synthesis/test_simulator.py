import hashlib
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from cellarena.images.intensity import to_rgb8
from cellarena.synthesis.simulation.optics import digitise, expose
from cellarena.synthesis.simulation.placement import MIN_PIXELS, VISIBLE, place
from cellarena.synthesis.simulation.shapes import FAMILIES, Outline, draw_outline, level_field
from cellarena.synthesis.simulation.simulator import MODALITIES, Simulated, simulate

NUMBERS = range(1, 17)


@pytest.fixture(scope="module")
def images() -> list[Simulated]:
    return [simulate(0, number) for number in NUMBERS]


def fingerprint(made: Simulated) -> str:
    return hashlib.sha256(made.image.tobytes() + made.labels.tobytes()).hexdigest()


def f1_at_half(true: np.ndarray, pred: np.ndarray) -> float:
    both = np.zeros((int(true.max()) + 1, int(pred.max()) + 1))
    np.add.at(both, (true.ravel(), pred.ravel()), 1)
    union = both.sum(1, keepdims=True) + both.sum(0, keepdims=True) - both
    iou = (both / union)[1:, 1:]
    rows, columns = linear_sum_assignment(-(iou > 0.5).astype(float))
    return 2 * float((iou[rows, columns] > 0.5).sum()) / max(sum(iou.shape), 1)


def otsu_objects(made: Simulated) -> np.ndarray:
    from skimage.filters import threshold_otsu

    grey = to_rgb8(made.image).mean(axis=2)
    bright = grey > threshold_otsu(grey)
    return ndimage.label(bright if bright.mean() < 0.5 else ~bright)[0]


def difference_hash(made: Simulated) -> np.ndarray:
    grey = to_rgb8(made.image).mean(axis=2)
    rows, columns = (np.linspace(0, size, n + 1).astype(int) for size, n in zip(grey.shape, (8, 9), strict=True))
    summed = np.add.reduceat(np.add.reduceat(grey, rows[:-1], axis=0), columns[:-1], axis=1)
    means = summed / np.outer(np.diff(rows), np.diff(columns))
    return means[:, 1:] > means[:, :-1]


def test_the_same_seed_and_number_give_the_same_bytes(images: list[Simulated]) -> None:
    assert [fingerprint(simulate(0, number)) for number in (1, 2, 3, 4)] == [fingerprint(m) for m in images[:4]]


def test_seed_and_number_change_the_image(images: list[Simulated]) -> None:
    assert len({fingerprint(made) for made in [*images, *(simulate(1, number) for number in (1, 2, 3, 4))]}) == 20


def test_modalities_take_turns(images: list[Simulated]) -> None:
    assert list(MODALITIES) == ["brightfield", "fluorescence", "phase_contrast", "dic"]
    assert [made.modality for made in images] == list(MODALITIES) * 4


def test_every_label_is_one_piece_and_large_enough_to_see(images: list[Simulated]) -> None:
    for made in images:
        sizes = np.bincount(made.labels.ravel())[1:]
        assert sizes.min() >= 15
        assert [ndimage.label(made.labels == label)[1] for label in range(1, sizes.size + 1)] == [1] * sizes.size


def test_every_image_holds_a_plausible_number_of_cells_and_background(images: list[Simulated]) -> None:
    for made in images:
        assert made.labels.dtype == np.uint16
        assert made.labels.shape == made.image.shape[:2]
        assert 8 <= made.labels.max() <= 60
        assert 0.05 < (made.labels > 0).mean() < 0.5


def test_cells_touch_in_most_images(images: list[Simulated]) -> None:
    def touches(labels: np.ndarray) -> bool:
        left, right = labels[:, :-1], labels[:, 1:]
        return bool(((left != right) & (left > 0) & (right > 0)).any())

    assert sum(touches(made.labels) for made in images) >= 12


def test_depths_channels_and_sizes_vary(images: list[Simulated]) -> None:
    kinds = {(str(made.image.dtype), made.image.ndim) for made in images}
    assert kinds == {("uint8", 2), ("uint16", 2), ("uint8", 3), ("uint16", 3)}
    shapes = {made.labels.shape for made in images}
    assert len(shapes) >= 12
    assert all(128 <= side <= 320 for shape in shapes for side in shape)
    assert any(height != width for height, width in shapes)
    assert any(side % 2 for shape in shapes for side in shape)


def test_every_image_uses_its_grey_values_without_burning_out(images: list[Simulated]) -> None:
    for made in images:
        largest = np.iinfo(made.image.dtype).max
        assert np.unique(made.image).size > 60
        assert (made.image == largest).mean() < 0.02


def test_labels_lie_where_the_picture_shows_cells(images: list[Simulated]) -> None:
    def contrast(made: Simulated) -> float:
        grey = to_rgb8(made.image).mean(axis=2)
        inside = made.labels > 0
        return float(grey[inside].mean() - grey[~inside].mean())

    fluorescent = [contrast(made) for made in images if made.modality == "fluorescence"]
    stained = [contrast(made) for made in images if made.modality == "brightfield"]
    assert min(fluorescent) > 40
    assert max(stained) < -40


def test_dic_is_lit_from_one_side(images: list[Simulated]) -> None:
    for made in (m for m in images if m.modality == "dic"):
        grey = to_rgb8(made.image).mean(axis=2)
        detail = grey - ndimage.gaussian_filter(grey, 20)
        slope = [np.corrcoef(_sides(made.labels, axis), detail.ravel())[0, 1] for axis in (0, 1)]
        assert np.hypot(*slope) > 0.3


def _sides(labels: np.ndarray, axis: int) -> np.ndarray:
    """Return, per pixel, how far along an axis it lies from the centre of its cell, over the cell's extent."""
    place = np.indices(labels.shape)[axis].astype(float)
    index = np.arange(labels.max() + 1)
    middle, spread = ndimage.mean(place, labels, index), ndimage.standard_deviation(place, labels, index)
    return np.where(labels > 0, (place - middle[labels]) / spread[labels], 0).ravel()


def test_phase_contrast_has_a_halo_around_cells(images: list[Simulated]) -> None:
    for made in (m for m in images if m.modality == "phase_contrast"):
        grey = to_rgb8(made.image).mean(axis=2)
        detail = grey - ndimage.gaussian_filter(grey, 25)
        away = ndimage.distance_transform_edt(made.labels == 0)
        assert detail[(away > 0) & (away < 4)].mean() > detail[away > 10].mean() + 5


def test_no_two_images_are_alike(images: list[Simulated]) -> None:
    hashes = [difference_hash(made) for made in images]
    assert min(np.count_nonzero(a != b) for a, b in itertools.combinations(hashes, 2)) > 10


def test_otsu_and_connected_components_do_not_solve_it(images: list[Simulated]) -> None:
    scores = [f1_at_half(made.labels, otsu_objects(made)) for made in images]
    assert 0.15 < float(np.mean(scores)) < 0.65


@settings(max_examples=25, deadline=None)
@given(
    height=st.integers(40, 150),
    width=st.integers(40, 150),
    n_cells=st.integers(1, 30),
    radius=st.floats(5, 20),
    seed=st.integers(0, 2**32),
)
def test_placed_cells_are_what_the_labels_show(height: int, width: int, n_cells: int, radius: float, seed: int) -> None:
    scene = place((height, width), n_cells, radius, np.random.default_rng(seed))
    assert scene.shape == (height, width)
    assert np.unique(scene.labels[scene.labels > 0]).tolist() == [cell.label for cell in scene.cells]
    assert len(scene.cells) <= n_cells
    for cell in scene.cells:
        shown = scene.labels == cell.label
        assert np.count_nonzero(shown) >= max(MIN_PIXELS, VISIBLE * np.count_nonzero(cell.level > 0))
        assert ndimage.label(shown)[1] == 1
        assert not (shown[cell.window] & (cell.level <= 0)).any()
        assert np.count_nonzero(shown) == np.count_nonzero(shown[cell.window])


@given(radius=st.floats(4, 20), family=st.sampled_from(sorted(FAMILIES)), seed=st.integers(0, 2**32))
def test_an_outline_lies_inside_its_window_and_has_about_its_area(radius: float, family: str, seed: int) -> None:
    outline = draw_outline(radius, FAMILIES[family], np.random.default_rng(seed))
    _, level = level_field(outline, (120.0, 120.0), (240, 240))
    rim = np.concatenate([level[0], level[-1], level[:, 0], level[:, -1]])
    assert rim.max() < 0
    assert np.count_nonzero(level > 0) == pytest.approx(np.pi * radius**2, rel=0.2)


def test_families_differ_in_length_and_smoothness() -> None:
    rng = np.random.default_rng(0)
    outlines = {name: [draw_outline(10, family, rng) for _ in range(50)] for name, family in FAMILIES.items()}
    aspect = {name: np.mean([outline.aspect for outline in drawn]) for name, drawn in outlines.items()}
    waves = {name: np.mean([sum(outline.amplitudes) for outline in drawn]) for name, drawn in outlines.items()}
    assert aspect["elongated"] > 1.5 * aspect["round"]
    assert waves["irregular"] > 3 * waves["round"]


def test_a_round_outline_is_a_circle_by_hand() -> None:
    circle = Outline(radius=4, aspect=1, angle=0, bend=0, amplitudes=(), phases=())
    window, level = level_field(circle, (20, 30), (100, 100))
    field = np.full((100, 100), -1.0)
    field[window] = level
    assert field[20, 30] == 1
    assert field[20, 32] == pytest.approx(0.5)
    assert field[24, 30] == pytest.approx(0.0)
    assert field[20, 36] == pytest.approx(-0.5)


@given(electrons=st.floats(100, 1e5), read_noise=st.floats(0, 20), seed=st.integers(0, 2**32))
def test_exposure_stays_in_range_and_noise_follows_the_light(electrons: float, read_noise: float, seed: int) -> None:
    grey = expose(np.full((60, 60), 0.5), electrons, read_noise, np.random.default_rng(seed))
    assert grey.min() >= 0
    assert grey.max() <= 1
    assert grey.std() == pytest.approx(np.sqrt(0.5 * electrons + read_noise**2) / electrons, rel=0.15)


def test_digitising_chooses_the_narrowest_type() -> None:
    assert digitise(np.array([[0.0, 0.5, 1.0]]), 255).tolist() == [[0, 128, 255]]
    assert digitise(np.zeros((1, 1)), 255).dtype == np.uint8
    assert digitise(np.ones((1, 1)), 4095).tolist() == [[4095]]
    assert digitise(np.ones((1, 1)), 4095).dtype == np.uint16


def test_image_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="counted from 1"):
        simulate(0, 0)
