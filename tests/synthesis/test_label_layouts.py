import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from cellarena.images.io import read_image
from cellarena.images.labels import border_labels
from cellarena.images.neighbours import contacts
from cellarena.seeds import generator
from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.layouts import LabelLayout, compose_layout
from cellarena.synthesis.shape_bank import ShapeBank, shape_bank
from cellarena.synthesis.simulation.simulator import simulate


def example(name: str, labels: np.ndarray, modality: str = "fluorescence") -> Example:
    return Example(name, np.zeros((*labels.shape, 3), np.uint8), labels, modality)


def discs(n: int, radius: int, apart: int, size: tuple[int, int] = (128, 128)) -> np.ndarray:
    """Return up to `n` discs whose centres are `apart` pixels from one another in rows and columns."""
    labels = np.zeros(size, np.int32)
    rows, columns = np.indices(size)
    places = [(y, x) for y in range(apart // 2, size[0], apart) for x in range(apart // 2, size[1], apart)]
    for label, (y, x) in enumerate(places[:n], start=1):
        labels[(rows - y) ** 2 + (columns - x) ** 2 <= radius**2] = label
    return labels


@pytest.fixture(scope="module")
def known() -> list[Example]:
    made = [simulate(0, number) for number in range(1, 17)]
    return [example(f"sim_{i:02d}", one.labels, one.modality) for i, one in enumerate(made)]


@pytest.fixture(scope="module")
def bank(known: list[Example]) -> ShapeBank:
    return shape_bank(known)


def composed(examples: list[Example], seed: int = 0, largest_side: int = 320) -> LabelLayout:
    return compose_layout(shape_bank(examples, largest_side), examples[0].modality, np.random.default_rng(seed))


def assert_sound(layout: LabelLayout) -> None:
    labels = layout.labels
    assert labels.dtype == np.int32
    assert np.unique(labels[labels > 0]).tolist() == list(range(1, int(labels.max()) + 1))
    assert all(
        ndimage.label(labels[window] == label)[1] == 1
        for label, window in enumerate(ndimage.find_objects(labels), start=1)
    )
    assert list(layout.donors) == sorted(set(layout.donors))


def share_touching(label_images: list[np.ndarray]) -> float:
    return sum(len(set(np.concatenate(contacts(i)).tolist())) for i in label_images) / sum(
        int(i.max()) for i in label_images
    )


@given(st.integers(0, 10**6), st.sampled_from(["brightfield", "fluorescence", "dic", "phase_contrast"]))
@settings(max_examples=12, deadline=None)
def test_a_layout_is_sound_and_made_of_its_modality(
    known: list[Example], bank: ShapeBank, seed: int, modality: str
) -> None:
    layout = compose_layout(bank, modality, np.random.default_rng(seed))

    assert_sound(layout)
    assert layout.labels.max() > 0
    assert layout.modality == modality
    assert set(layout.donors) <= {e.id for e in known if e.modality == modality}
    assert layout.labels.shape in {e.labels.shape for e in known if e.modality == modality}


def test_the_same_bank_and_stream_give_the_same_bytes_in_any_order_of_the_images(
    known: list[Example], bank: ShapeBank
) -> None:
    for number in range(3):
        one = compose_layout(bank, "dic", generator(0, "layout", number))
        other = compose_layout(shape_bank(known[::-1]), "dic", generator(0, "layout", number))
        assert one.labels.tobytes() == other.labels.tobytes()
        assert one.donors == other.donors
    assert one.labels.tobytes() != compose_layout(bank, "dic", generator(0, "layout", 9)).labels.tobytes()


def test_layouts_match_the_image_they_imitate() -> None:
    """A single known image is imitated each time: what varies is chance alone."""
    for number in (2, 3):
        real = simulate(0, number).labels.astype(np.int32)
        layouts = [composed([example("only", real)], seed).labels for seed in range(6)]
        n = int(real.max())
        inner = np.setdiff1d(np.arange(1, n + 1), border_labels(real))

        assert all(abs(int(made.max()) - n) <= 0.1 * n for made in layouts)
        areas = np.concatenate([
            np.bincount(made.ravel())[np.setdiff1d(np.arange(1, made.max() + 1), border_labels(made))]
            for made in layouts
        ])  # fmt: skip
        assert np.median(areas) == pytest.approx(np.median(np.bincount(real.ravel())[inner]), rel=0.15)
        assert share_touching(layouts) == pytest.approx(share_touching([real]), abs=0.1)
        cut = np.mean([len(np.setdiff1d(border_labels(made), [0])) for made in layouts])
        assert cut == pytest.approx(n - len(inner), abs=2)
        assert all((made != real).mean() > 0.1 for made in layouts)


def test_objects_that_are_apart_stay_apart_and_as_far() -> None:
    labels = discs(16, radius=8, apart=32)

    layouts = [composed([example("only", labels)], seed).labels for seed in range(4)]

    assert share_touching(layouts) == 0
    for made in layouts:
        gaps = [
            ndimage.distance_transform_edt((made == 0) | (made == label))[made == label].min()
            for label in range(1, int(made.max()) + 1)
        ]
        assert made.max() >= 14
        assert np.median(gaps) == pytest.approx(32 - 16, abs=4)


def test_objects_that_all_touch_still_do() -> None:
    labels = discs(36, radius=10, apart=21)

    layouts = [composed([example("only", labels)], seed).labels for seed in range(4)]

    assert share_touching([labels]) == 1
    assert share_touching(layouts) > 0.9
    assert np.mean([made.max() for made in layouts]) > 0.85 * 36


def test_a_single_tiny_image_with_one_object() -> None:
    labels = np.zeros((6, 5), np.uint16)
    labels[2:4, 2:4] = 7

    layout = composed([example("tiny", labels)])

    assert_sound(layout)
    assert layout.labels.shape == (6, 5)
    assert layout.labels.max() == 1
    assert layout.donors == ("tiny",)


def test_one_pixel_is_an_image_and_an_object() -> None:
    assert composed([example("pixel", np.ones((1, 1), np.uint8))]).labels.tolist() == [[1]]


def test_images_without_objects_are_imitated_only_where_there_are_no_others() -> None:
    empty = example("empty", np.zeros((30, 40), np.uint16))
    alone = composed([empty])

    assert alone.labels.shape == (30, 40)
    assert not alone.labels.any()
    assert alone.donors == ("empty",)
    both = [composed([empty, example("full", discs(4, 6, 32))], seed) for seed in range(8)]
    assert all(layout.donors == ("full",) and layout.labels.any() for layout in both)


def test_a_cell_that_fills_its_image() -> None:
    layout = composed([example("huge", np.full((90, 70), 3, np.uint16))])

    assert_sound(layout)
    assert layout.labels.max() == 1
    assert (layout.labels > 0).mean() > 0.4


def test_shapes_larger_than_the_largest_layout() -> None:
    labels = np.zeros((400, 500), np.uint16)
    labels[20:380, 30:460] = 1

    for seed in range(4):
        layout = composed([example("large", labels)], seed, largest_side=100)
        assert_sound(layout)
        assert layout.labels.max() == 1
        assert layout.labels.shape == (100, 100)


def test_crowded_images_stay_crowded() -> None:
    labels = discs(144, radius=4, apart=10, size=(120, 120))

    layout = composed([example("crowd", labels)])

    assert_sound(layout)
    assert layout.labels.max() > 120


def test_only_whole_shapes_are_in_the_bank(known: list[Example], bank: ShapeBank) -> None:
    by_id = {e.id: e.labels for e in known}
    for donors in bank.donors.values():
        for donor in donors:
            labels = by_id[donor.id]
            n_inner = len(np.setdiff1d(np.unique(labels), border_labels(labels)))
            assert 0 < len(donor.shapes) <= n_inner
            assert all(shape.donor == donor.id and shape.area == shape.region.sum() for shape in donor.shapes)


def test_hidden_shapes_are_left_out_where_others_are_whole() -> None:
    labels = discs(4, radius=8, apart=32, size=(64, 64))
    labels[10:22, 22:32] = 9

    areas = {shape.area for shape in shape_bank([example("one", labels)]).donors["fluorescence"][0].shapes}

    assert 120 not in areas
    assert areas == {int((labels == 3).sum())}


def test_a_modality_that_is_not_known_is_named() -> None:
    with pytest.raises(ValueError, match=r"no known training image is dic; known: fluorescence"):
        compose_layout(shape_bank([example("a", discs(3, 5, 32))]), "dic", np.random.default_rng(0))


def test_a_bank_needs_images_with_ids_of_their_own() -> None:
    with pytest.raises(ValueError, match="no training image"):
        shape_bank([])
    with pytest.raises(ValueError, match="the id a twice"):
        shape_bank([example("a", discs(3, 5, 32)), example("a", discs(2, 5, 32))])


@pytest.mark.skipif(
    "CELLARENA_REAL_DATA" not in os.environ, reason="CELLARENA_REAL_DATA names no folder of real images"
)
def test_layouts_of_real_images_match_them() -> None:
    paths = sorted((Path(os.environ["CELLARENA_REAL_DATA"]) / "labels").glob("*_label.tiff"))[::60]
    labels = [read_image(path) for path in paths]

    for real in (one for one in labels if max(one.shape) <= 320):
        made = [composed([example("only", real)], seed) for seed in range(3)]
        for layout in made:
            assert_sound(layout)
        n = len(np.unique(real[real > 0]))
        assert np.mean([layout.labels.max() for layout in made]) == pytest.approx(n, rel=0.15, abs=1)
