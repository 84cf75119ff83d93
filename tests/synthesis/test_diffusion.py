import numpy as np
import torch
from torch import nn

from cellarena.synthesis.generators.diffusion.learner import fit
from cellarena.synthesis.generators.diffusion.painter import DenoisingPainter, load, network_of
from cellarena.synthesis.networks.styles import Styles
from small_generators import disks, fit_in, small_examples, small_settings

SETTINGS = small_settings("diffusion", learning_rate=3e-3, average=0.9)


class ByPixel(nn.Module):
    """Sees no further than a pixel: its output does not depend on how an image is cut into tiles."""

    def __init__(self, n_in):
        super().__init__()
        torch.manual_seed(0)
        self.mix = nn.Conv2d(n_in, 3, 1)
        self.shapes = set()

    def forward(self, maps, steps):
        assert steps.shape == maps.shape[:1]
        self.shapes.add(tuple(maps.shape[2:]))
        return self.mix(maps)


def painting(network, crop, labels, modality="H&E"):
    settings = SETTINGS.model_copy(update={"crop": crop})
    return DenoisingPainter(network, Styles.of(small_examples()), settings).paint(
        labels, modality, np.random.default_rng(3)
    )


def test_the_loss_falls(tmp_path):
    losses = [row["denoising"] for row in fit(SETTINGS, small_examples(), fit_in(tmp_path, 30)).losses]
    # A network that sees nothing loses the mean square of the velocity, that of noise and images: about 0.8.
    assert 0.6 < losses[0] < 1
    assert np.mean(losses[-8:]) < 0.85 * np.mean(losses[:4])


def test_tiles_become_the_image_that_one_tile_would_be():
    labels = disks((64, 64), 5)
    network = ByPixel(3 + 3 + Styles.of(small_examples()).codes.shape[1])
    tiled, whole = painting(network, 32, labels), painting(network, 64, labels)
    assert network.shapes == {(32, 32), (64, 64)}
    assert tiled.image.std() > 10
    assert np.abs(tiled.image.astype(int) - whole.image).max() <= 1


def test_the_style_of_a_grey_image_gives_grey_paintings_and_its_image_is_the_donor():
    network = ByPixel(3 + 3 + Styles.of(small_examples()).codes.shape[1])
    labels = disks((32, 32), 5)
    grey, coloured = (painting(network, 32, labels, modality) for modality in ("fluorescence", "H&E"))
    assert (grey.image == grey.image[..., :1]).all()
    assert (coloured.image != coloured.image[..., :1]).any()
    of = {example.id: example.modality for example in small_examples()}
    assert [of[donor] for donor in grey.donors + coloured.donors] == ["fluorescence", "H&E"]


def test_classes_noise_and_style_all_reach_the_network(tmp_path):
    fitted = fit(SETTINGS, small_examples(), fit_in(tmp_path, 2))
    painter = load(SETTINGS, fitted.weights, fitted.facts, "cpu")
    labels = disks((32, 32), 5)
    made = painter.paint(labels, "H&E", np.random.default_rng(0)).image
    assert (made == painter.paint(labels, "H&E", np.random.default_rng(0)).image).all()
    assert (made != painter.paint(np.zeros_like(labels), "H&E", np.random.default_rng(0)).image).any()
    assert (made != painter.paint(labels, "H&E", np.random.default_rng(1)).image).any()
    assert (made != painter.paint(labels, "fluorescence", np.random.default_rng(0)).image).any()


def test_the_network_has_attention_at_the_coarsest_resolution_alone():
    network = network_of(SETTINGS.model_copy(update={"levels": 3}), Styles.of(small_examples()))
    blocks = {name.split(".attentions")[0] for name, _ in network.named_parameters() if ".attentions" in name}
    assert blocks == {"down_blocks.2", "up_blocks.0"}
