"""What holds for every generator of the catalog."""

import json

import numpy as np
import pytest
from safetensors.torch import load, save

from cellarena.synthesis.generators.spec import GENERATORS, LEARNERS, PAINTERS
from small_generators import disks, fit_in, small_examples, small_settings

STEPS = 7


class InterruptionError(Exception):
    """What ends a fit halfway."""


def fitted_in(name, state, **fit):
    return LEARNERS[name](small_settings(name), small_examples(), fit_in(state, STEPS, **fit))


def content(fitted):
    return save(fitted.weights), json.dumps(fitted.facts, sort_keys=True), fitted.losses


def painter_of(name, fitted):
    weights = load(save({key: tensor.contiguous() for key, tensor in fitted.weights.items()}))
    return PAINTERS[name](small_settings(name), weights, json.loads(json.dumps(fitted.facts)), "cpu")


@pytest.fixture(scope="module", params=list(GENERATORS))
def name(request):
    return request.param


@pytest.fixture(scope="module")
def watched():
    return []


@pytest.fixture(scope="module")
def fitted(name, watched, tmp_path_factory):
    def paint(step, painter):
        watched.append((step, painter.paint(disks((40, 40), 9), "fluorescence", np.random.default_rng(0)).image))

    return fitted_in(name, tmp_path_factory.mktemp(name), watch=paint)


def test_the_same_fit_gives_the_same_bytes_whether_it_is_watched_or_not(name, fitted, tmp_path):
    assert content(fitted_in(name, tmp_path)) == content(fitted)


def test_an_interrupted_fit_ends_as_an_uninterrupted_one(name, fitted, tmp_path):
    seen = []

    def interrupt(step, painter):
        seen.append(step)
        if step == STEPS - 1:
            raise InterruptionError

    learns = bool(fitted.losses)
    if learns:
        with pytest.raises(InterruptionError):
            fitted_in(name, tmp_path, watch=interrupt)
    known = len(seen)

    def note(step, painter):
        seen.append(step)

    assert content(fitted_in(name, tmp_path, watch=note)) == content(fitted)
    assert not learns or 0 < len(seen) - known < known


def test_a_generator_that_learns_depends_on_the_seed(name, fitted, tmp_path):
    other = fitted_in(name, tmp_path, seed=1)
    assert not fitted.losses or content(other) != content(fitted)


def test_losses_are_rows_of_finite_numbers_for_ascending_steps(fitted):
    steps = [row["step"] for row in fitted.losses]
    assert steps == sorted(set(steps))
    assert not steps or steps[-1] == STEPS
    assert all(set(row) == set(fitted.losses[0]) and np.isfinite(list(row.values())).all() for row in fitted.losses)


@pytest.mark.parametrize("modality", ["fluorescence", "H&E"])
@pytest.mark.parametrize("shape", [(40, 40), (33, 71), (17, 5), (1, 1), (90, 64)])
def test_a_label_image_of_any_size_is_painted_the_same_way_twice(name, fitted, shape, modality):
    labels = disks((100, 100), 3)[: shape[0], : shape[1]]
    kept = labels.copy()
    one, two = (painter_of(name, fitted).paint(labels, modality, np.random.default_rng(5)) for _ in range(2))
    assert one.image.shape == (*shape, 3)
    assert one.image.dtype == np.uint8
    np.testing.assert_array_equal(one.image, two.image)
    assert one.donors == two.donors
    np.testing.assert_array_equal(labels, kept)


def test_a_label_image_without_objects_is_painted(name, fitted):
    painted = painter_of(name, fitted).paint(np.zeros((32, 40), np.int32), "H&E", np.random.default_rng(0))
    assert painted.image.shape == (32, 40, 3)


def test_a_painting_depends_on_the_random_stream(name, fitted):
    painter, labels = painter_of(name, fitted), disks((60, 60), 1)
    images = {painter.paint(labels, "H&E", np.random.default_rng(n)).image.tobytes() for n in range(4)}
    assert len(images) > 1


def test_donors_are_training_images_of_the_modality_in_order(name, fitted):
    known = {example.id: example.modality for example in small_examples()}
    painter = painter_of(name, fitted)
    for seed in range(6):
        donors = painter.paint(disks((48, 48), seed), "H&E", np.random.default_rng(seed)).donors
        assert donors
        assert list(donors) == sorted(set(donors))
        assert {known[donor] for donor in donors} == {"H&E"}


def test_a_modality_that_was_never_seen_is_refused(name, fitted):
    with pytest.raises(ValueError, match=r"^[^\n]*'dic'[^\n]*$"):
        painter_of(name, fitted).paint(disks((40, 40), 0), "dic", np.random.default_rng(0))


def test_what_paints_at_the_last_step_is_what_is_stored(name, fitted, watched):
    if not watched:
        assert not fitted.losses
        return
    step, image = watched[-1]
    stored = painter_of(name, fitted).paint(disks((40, 40), 9), "fluorescence", np.random.default_rng(0)).image
    assert step == (STEPS if fitted.losses else 0)
    np.testing.assert_array_equal(image, stored)


def test_weights_without_a_tensor_or_of_another_shape_are_refused(name, fitted):
    load_stored, settings = PAINTERS[name], small_settings(name)
    for key, tensor in fitted.weights.items():
        fewer = {other: kept for other, kept in fitted.weights.items() if other != key}
        for broken in (fewer, {**fewer, key: tensor.flatten()[:0]}):
            with pytest.raises((ValueError, KeyError)):
                load_stored(settings, broken, fitted.facts, "cpu")
