"""nnU-Net's planner, against what nnunetv2 2.8.1 plans and against cases worked by hand."""

import math
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import ValidationError

from cellarena.models.planning.nnunet_plan import Plan, Planning, plan
from cellarena.models.planning.nnunet_topology import feature_elements, shrunk, topology

SIDES = st.integers(1, 3000)


def budget(memory_gb):
    return Planning(memory_gb=memory_gb, features=32)


@pytest.mark.parametrize(
    ("shape", "n_images", "memory_gb", "patch", "n_stages", "batch"),
    [
        ((256, 256), 1000, 8, (256, 256), 7, 49),
        ((512, 512), 1000, 8, (512, 512), 8, 12),
        ((1024, 1024), 1000, 8, (1024, 1024), 9, 3),
        ((320, 320), 1000, 8, (320, 320), 7, 32),
        ((320, 256), 1000, 8, (320, 256), 7, 39),
        ((520, 696), 1000, 8, (640, 768), 8, 7),
        ((256, 320), 600, 8, (256, 320), 7, 30),
        ((256, 256), 1000, 1, (256, 256), 7, 6),
        ((256, 256), 1000, 0.25, (224, 224), 6, 2),
        ((2048, 2048), 1000, 8, (1280, 1024), 9, 2),
    ],
)
def test_the_plans_are_those_of_nnunetv2(shape, n_images, memory_gb, patch, n_stages, batch):
    made = plan([shape] * n_images, 3, 3, budget(memory_gb))
    assert (made.patch, made.n_stages, made.batch) == (patch, n_stages, batch)
    assert made.strides == ((1, 1), *[(2, 2)] * (n_stages - 1))
    assert made.kernels == ((3, 3),) * n_stages
    assert made.features == (32, 64, 128, 256, 512, 512, 512, 512, 512)[:n_stages]
    assert made.normalisation == ("z_score",) * 3


@pytest.mark.parametrize(
    ("size", "padded", "steps"),
    [
        # 8 is halved once, 7 never.
        ((8, 8), (8, 8), [(2, 2)]),
        ((7, 7), (7, 7), []),
        # 15 becomes 8 and is halved again; 14 becomes 7 and is not.
        ((15, 15), (16, 16), [(2, 2), (2, 2)]),
        ((14, 14), (14, 14), [(2, 2)]),
        # The long axis goes on alone, from 12 on: 48, 24 (with 8, 4), 12, 6.
        ((8, 48), (8, 48), [(2, 2), (1, 2), (1, 2)]),
        ((8, 22), (8, 22), [(2, 2)]),
        ((48, 4), (48, 4), [(2, 1), (2, 1), (2, 1)]),
        # The median of an even number of images: 255.5 is halved as 256 is.
        ((255.5, 256), (256, 256), [(2, 2)] * 6),
    ],
)
def test_axes_are_halved_while_they_are_long_enough(size, padded, steps):
    assert topology(size) == (padded, ((1, 1), *steps))


def test_memory_is_counted_by_hand():
    # 32 maps of 8x8: two convolutions down, transposed and two up; 64 maps of 4x4: two; 3 classes of 8x8.
    assert feature_elements((8, 8), ((1, 1), (2, 2)), 3) == 5 * 32 * 64 + 2 * 64 * 16 + 3 * 64


def test_the_patch_shrinks_where_it_is_longest_relative_to_the_images():
    _, strides = topology((256, 256))
    assert shrunk((256, 256), strides, (256, 256)) == (256, 224)
    assert shrunk((256, 256), strides, (250, 256)) == (224, 256)
    assert shrunk((256, 224), topology((256, 224))[1], (256, 256)) == (224, 224)


def test_the_median_image_decides():
    assert plan([(64, 64), (256, 320), (300, 320), (300, 300), (2000, 2000)] * 200, 3, 3, budget(8)).patch == (320, 320)
    assert plan([(255, 256), (256, 256)] * 500, 3, 3, budget(8)) == plan([(256, 256)] * 1000, 3, 3, budget(8))


def test_a_batch_never_holds_more_than_a_twentieth_of_the_pixels_nor_fewer_than_two_crops():
    assert plan([(256, 256)] * 100, 3, 3, budget(8)).batch == 5
    assert plan([(256, 256)] * 20, 3, 3, budget(8)).batch == 2
    assert plan([(256, 256)], 3, 3, budget(8)).batch == 2


def test_images_that_cropping_makes_much_smaller_are_normalised_without_their_zeros():
    assert plan([(64, 64)] * 9, 2, 3, budget(8), relative_size=0.74).normalisation == ("z_score_nonzero",) * 2
    assert plan([(64, 64)] * 9, 1, 3, budget(8), relative_size=0.75).normalisation == ("z_score",)


def test_a_plan_survives_json():
    made = plan([(256, 320)] * 600, 3, 3, budget(8))
    assert Plan.model_validate_json(made.model_dump_json()) == made


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        ({"patch": [250, 256]}, "no multiple of what the strides need, (64, 64)"),
        ({"features": [32, 64]}, "equally many stages"),
        ({"batch": 1}, "greater than or equal to 2"),
        ({"strides": [[1, 1], [2, 2]]}, "at least 3 items"),
        ({"normalisation": ["minmax"]}, "'z_score' or 'z_score_nonzero'"),
        ({"spacing": 1}, "Extra inputs are not permitted"),
    ],
)
def test_a_plan_changed_by_hand_is_checked(changed, complaint):
    content = plan([(256, 256)] * 100, 3, 3, budget(8)).model_dump(mode="json")
    with pytest.raises(ValidationError) as error:
        Plan.model_validate({**content, **changed})
    assert complaint in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (([], 3, 3, budget(8)), "train subset is empty"),
        (([(256, 256)], 0, 3, budget(8)), "0 channels"),
        (([(256, 256)], 3, 0, budget(8)), "0 classes"),
        (([(256, 256), (0, 9)], 3, 3, budget(8)), "images from 0 px on"),
        (([(14, 14)], 3, 3, budget(8)), "images of 14x14 px (median) and 8 GB leave a patch of 14x14 px, too small"),
        (([(256, 256)], 3, 3, budget(1e-5)), "too small for 3 stages"),
        (([(1, 900)], 3, 3, budget(1e-5)), "too small for 3 stages"),
    ],
)
def test_what_cannot_be_planned_is_one_clear_line(arguments, complaint):
    with pytest.raises(ValueError, match=".+") as error:
        plan(*arguments)
    assert complaint in str(error.value)
    assert "\n" not in str(error.value)


@given(SIDES, SIDES, st.integers(1, 2000), st.integers(1, 40), st.floats(0.01, 80))
def test_every_plan_keeps_its_promises(height, width, n_images, n_classes, memory_gb):
    try:
        made = plan([(height, width)] * n_images, 3, n_classes, budget(memory_gb))
    except ValueError:
        assume(False)
    elements = feature_elements(made.patch, made.strides, n_classes)
    assert 2 * elements / 12 <= 85e6 * memory_gb / 8 * (1 + 1e-9)
    assert made.batch == 2 or made.batch * elements / 12 <= 85e6 * memory_gb / 8 * 1.5
    assert made.batch == 2 or made.batch <= Fraction(n_images * height * width, 20 * math.prod(made.patch)) + 1
    edges = [side // step for side, step in zip(made.patch, made.multiple, strict=True)]
    assert all(edge >= 4 for edge, step in zip(edges, made.multiple, strict=True) if step > 1)
    assert max(edges) < 12
    assert plan([(height, width)] * n_images, 3, n_classes, budget(2 * memory_gb)).n_stages >= made.n_stages


@pytest.mark.parametrize("memory_gb", [0, -1, math.nan, 2000])
def test_memory_is_a_positive_number(memory_gb):
    with pytest.raises(ValidationError):
        budget(memory_gb)


def test_half_the_channels_leave_room_for_a_larger_patch_and_a_larger_batch():
    full, half = (plan([(256, 256)] * 1000, 3, 3, Planning(memory_gb=1, features=n)) for n in (32, 16))
    assert half.features == (16, 32, 64, 128, 256, 512, 512)
    assert half.patch == full.patch
    assert full.batch == 6
    elements = [feature_elements((256, 256), half.strides, 3, n) for n in (32, 16)]
    assert half.batch == round(85e6 / 8 / elements[1] * 12)
    assert elements[1] < 0.55 * elements[0]


@given(st.integers(15, 2000), st.floats(0.05, 16))
def test_a_bigger_budget_never_means_a_smaller_patch(side, memory_gb):
    try:
        small = plan([(side, side)] * 9, 3, 3, budget(memory_gb))
    except ValueError:
        assume(False)
    large = plan([(side, side)] * 9, 3, 3, budget(2 * memory_gb))
    assert all(a <= b for a, b in zip(small.patch, large.patch, strict=True))
