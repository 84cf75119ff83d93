import numpy as np
import pytest
import torch
from scipy.ndimage import binary_erosion, distance_transform_edt

from cellarena.synthesis.generators.pix2pix.class_colours import ClassColours, level_map, level_of
from cellarena.synthesis.generators.pix2pix.learner import PairedLearner, fit
from cellarena.synthesis.generators.pix2pix.painter import blurred, coloured, load, look_of
from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.networks.adversarial import PatchDiscriminator, feature_matching
from cellarena.synthesis.networks.conditions import classes_of
from cellarena.synthesis.networks.fitting import follow
from cellarena.synthesis.networks.styles import Styles
from cellarena.synthesis.networks.tensors import one_hot, with_planes
from cellarena.synthesis.networks.unet import UNetGenerator
from small_generators import disks, fit_in, small_examples, small_settings

SETTINGS = {"learning_rate": 0.002, "width": 8, "batch_size": 2, "average": 0.9}


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    settings = small_settings("pix2pix", **SETTINGS)
    fitted = fit(settings, small_examples(), fit_in(tmp_path_factory.mktemp("state"), steps=50))
    return load(settings, fitted.weights, fitted.facts, "cpu"), fitted.losses


def vaulted(number, shape):
    """Return an image of cells that grow brighter towards their centres, which flat colours cannot show."""
    labels = disks(shape, number)
    grey = 20 + 55 * distance_transform_edt(labels > 0)
    return Example(f"v{number}", np.repeat(np.minimum(grey, 250).astype(np.uint8)[..., None], 3, 2), labels, "dic")


def test_what_flat_colours_lack_is_learnt_from_the_real_images(tmp_path):
    settings = small_settings("pix2pix", **SETTINGS)
    examples = [vaulted(number, (32, 32)) for number in range(3)]
    pixels = [row["pixels"] for row in fit(settings, examples, fit_in(tmp_path, steps=60)).losses]
    assert np.mean(pixels[-10:]) < 0.7 * np.mean(pixels[:5]), pixels


def test_the_discriminator_learns_to_tell_real_from_generated(tmp_path):
    learner = PairedLearner(small_settings("pix2pix", judge_learning_rate=0.002), small_examples(), fit_in(tmp_path))
    for number in range(1, 41):
        real, classes, _, look = learner._batch(number)
        judged = learner._update_discriminator(real, torch.zeros_like(real), with_planes(classes, look.style))
    assert judged["judged_real"].item() > judged["judged_fake"].item() + 0.3


def test_cells_are_bright_in_one_modality_and_dark_in_the_other(learnt):
    labels = disks((64, 64), 4)
    for modality, sign in {"fluorescence": 1, "H&E": -1}.items():
        image = learnt[0].paint(labels, modality, np.random.default_rng(0)).image.mean(axis=2)
        assert sign * (image[labels > 0].mean() - image[labels == 0].mean()) > 20


def test_a_grey_donor_gives_equal_channels_and_a_stained_one_does_not(learnt):
    grey, stained = (learnt[0].paint(disks((40, 40), 0), m, np.random.default_rng(0)).image for m in
                     ("fluorescence", "H&E"))  # fmt: skip
    assert (grey == grey[..., :1]).all()
    assert not (stained == stained[..., :1]).all()


def test_a_fit_that_diverges_says_so(tmp_path):
    settings = small_settings("pix2pix", pixels=1e39, learning_rate=0.1)
    with pytest.raises(ValueError, match="diverged before step .* lower learning_rate"):
        fit(settings, small_examples(), fit_in(tmp_path, steps=5))


def no_network(maps, style):
    return torch.zeros(1, 3, *maps.shape[2:])


def test_before_it_learns_anything_each_object_has_its_colour():
    labels = np.kron(np.array([[0, 1, 0], [2, 0, 3]]), np.ones((16, 16), int))
    palette = np.array([[230, 200, 220], [90, 40, 120], [130, 80, 160], [50, 0, 80]], np.uint8)
    example = Example("stained", palette[labels], labels, "H&E")
    colours, classes = ClassColours.of([example]), classes_of(example.labels)
    look = look_of(Styles.of([example]), colours, np.array([0]), "cpu")
    maps = one_hot(classes[None]), level_of(level_map(example.labels, colours.levels_of(0))[None])
    noise = torch.zeros(1, 2, *classes.shape)
    image = coloured(no_network, *maps, noise, look)[0].permute(1, 2, 0)
    real = example.image / 127.5 - 1
    for number in np.unique(example.labels):
        part = binary_erosion(example.labels == number, iterations=2, border_value=1)
        np.testing.assert_allclose(image[part].mean(dim=0), real[part].mean(axis=0), atol=0.02)


def test_a_blur_keeps_the_sum_and_what_is_constant_and_spreads_by_a_pixel():
    point = torch.zeros(1, 1, 15, 15)
    point[..., 7, 7] = 1
    spread = blurred(point)[0, 0]
    squares = (torch.arange(15) - 7.0) ** 2
    assert spread.sum().item() == pytest.approx(1)
    assert (spread.sum(dim=0) * squares).sum().item() == pytest.approx(1)
    assert (spread.sum(dim=1) * squares).sum().item() == pytest.approx(1)
    torch.testing.assert_close(blurred(torch.full((1, 2, 4, 9), 0.3)), torch.full((1, 2, 4, 9), 0.3))


@pytest.mark.parametrize(("crop", "levels"), [(32, 6), (96, 7)])
def test_a_crop_that_cannot_be_halved_so_often_is_refused(crop, levels):
    with pytest.raises(ValueError, match=f"crop .{crop}. must be a multiple"):
        small_settings("pix2pix", crop=crop, levels=levels)


def test_the_generator_needs_no_more_than_multiples_of_its_smallest_map():
    network = UNetGenerator(5, 4, width=4, levels=4)
    assert network.multiple == 8
    assert network(torch.zeros(2, 5, 16, 24), torch.zeros(2, 4)).shape == (2, 3, 16, 24)


def test_a_constant_input_leaves_no_checkerboard():
    torch.manual_seed(0)
    network = UNetGenerator(5, 4, width=8, levels=3)
    image = network(torch.ones(1, 5, 64, 64), torch.randn(1, 4))[0, :, 24:40, 24:40]
    assert float(image.detach().std(dim=(1, 2)).max()) < 1e-5


def test_the_style_changes_the_image_in_spite_of_the_normalisation():
    torch.manual_seed(0)
    network, maps = UNetGenerator(5, 4, width=4, levels=3), torch.randn(1, 5, 32, 32)
    one, two = (network(maps, style) for style in (torch.zeros(1, 4), torch.ones(1, 4)))
    assert float((one - two).detach().abs().max()) > 1e-3


def test_no_layer_of_the_discriminator_stretches_more_than_its_share():
    torch.manual_seed(0)
    discriminator = PatchDiscriminator(4, 8)
    with torch.no_grad():
        for _ in range(60):
            discriminator(torch.randn(1, 4, 64, 64))
    discriminator.eval()
    for layer in discriminator.layers:
        assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.05)


def test_matching_features_cost_nothing_and_verdicts_are_no_features():
    maps = [torch.ones(1, 2, 3, 3), torch.zeros(1, 1)]
    assert float(feature_matching(maps, [maps[0], torch.ones(1, 1)])) == 0
    assert float(feature_matching(maps, [maps[0] + 2, maps[1]])) == pytest.approx(2)


def test_an_average_moves_by_one_minus_its_decay():
    average, network = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    average.weight.data.fill_(1)
    network.weight.data.fill_(3)
    follow(average, network, 0.75, 1000)
    assert float(average.weight) == pytest.approx(1.5)


def test_an_average_soon_forgets_the_first_weights():
    average, network = torch.nn.Linear(1, 1, bias=False), torch.nn.Linear(1, 1, bias=False)
    average.weight.data.fill_(1)
    network.weight.data.fill_(3)
    follow(average, network, 0.999, 1)
    assert float(average.weight) == pytest.approx(2.8)
