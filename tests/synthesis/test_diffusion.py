import numpy as np
import pytest
import torch
from small_examples import a_fit, discs, examples
from torch import nn

from cellarena.synthesis.generators.diffusion import Diffusion, fit, load
from cellarena.synthesis.parts.diffusing import DenoisingPainter, network_of
from cellarena.synthesis.parts.styles import Styles

SETTINGS = Diffusion(
    width=8, levels=2, crop=32, batch_size=2, learning_rate=3e-3, average=0.9, sampling_steps=3, overlap=0.5
)


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


def painting(network, crop, labels, modality="dark"):
    settings = SETTINGS.model_copy(update={"crop": crop})
    return DenoisingPainter(network, Styles.of(examples()), settings).paint(labels, modality, np.random.default_rng(3))


def test_the_loss_falls(tmp_path):
    losses = [row["denoising"] for row in fit(SETTINGS, examples(), a_fit(tmp_path, 30)).losses]
    # A network that sees nothing loses the variance of the velocity, that of noise and images: about 0.7.
    assert 0.5 < losses[0] < 1
    assert np.mean(losses[-8:]) < 0.75 * np.mean(losses[:4])


def test_one_seed_gives_the_same_bytes_and_another_others(tmp_path):
    fits = [fit(SETTINGS, examples(), a_fit(tmp_path / str(n), 2, seed)) for n, seed in enumerate((0, 0, 1))]
    same, again, other = (fitted.weights for fitted in fits)
    assert all(torch.equal(tensor, again[name]) for name, tensor in same.items())
    assert any(not torch.equal(tensor, other[name]) for name, tensor in same.items())
    assert fits[0].losses == fits[1].losses


def test_an_interrupted_fit_ends_as_an_uninterrupted_one(tmp_path):
    whole = fit(SETTINGS, examples(), a_fit(tmp_path / "whole", 7))

    def stop(number, painter):
        if number == 6:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(SETTINGS, examples(), a_fit(tmp_path / "parts", 7, watch=stop))
    numbers = []
    again = fit(SETTINGS, examples(), a_fit(tmp_path / "parts", 7, watch=lambda number, _: numbers.append(number)))
    assert numbers == [6, 7]
    assert again.losses == whole.losses
    assert all(torch.equal(tensor, again.weights[name]) for name, tensor in whole.weights.items())


def test_tiles_become_the_image_that_one_tile_would_be():
    labels = discs(np.random.default_rng(5), 64, 64)
    network = ByPixel(3 + 3 + Styles.of(examples()).codes.shape[1])
    tiled, whole = painting(network, 32, labels), painting(network, 64, labels)
    assert network.shapes == {(32, 32), (64, 64)}
    assert tiled.image.std() > 10
    assert np.abs(tiled.image.astype(int) - whole.image).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (5, 40), (33, 71), (32, 32)])
def test_paintings_have_the_size_of_their_label_images(shape):
    network = ByPixel(3 + 3 + Styles.of(examples()).codes.shape[1])
    made = painting(network, 32, discs(np.random.default_rng(5), *shape))
    assert made.image.shape == (*shape, 3)
    assert made.image.dtype == np.uint8
    assert made.image.flags["C_CONTIGUOUS"]


def test_the_style_of_a_grey_image_gives_grey_paintings_and_its_image_is_the_donor():
    network = ByPixel(3 + 3 + Styles.of(examples()).codes.shape[1])
    labels = discs(np.random.default_rng(5), 32, 32)
    grey, coloured = (painting(network, 32, labels, modality) for modality in ("bright", "dark"))
    assert (grey.image == grey.image[..., :1]).all()
    assert (coloured.image != coloured.image[..., :1]).any()
    of = {example.id: example.modality for example in examples()}
    assert [of[donor] for donor in grey.donors + coloured.donors] == ["bright", "dark"]


def test_an_unknown_modality_is_refused():
    with pytest.raises(ValueError, match=r"never saw 'dic'; it knows bright, dark"):
        painting(ByPixel(24), 32, np.zeros((32, 32), np.int32), "dic")


def test_classes_noise_and_style_all_reach_the_network(tmp_path):
    fitted = fit(SETTINGS, examples(), a_fit(tmp_path, 2))
    painter = load(SETTINGS, fitted.weights, fitted.facts, "cpu")
    labels = discs(np.random.default_rng(5), 32, 32)
    made = painter.paint(labels, "dark", np.random.default_rng(0)).image
    assert (made == painter.paint(labels, "dark", np.random.default_rng(0)).image).all()
    assert (made != painter.paint(np.zeros_like(labels), "dark", np.random.default_rng(0)).image).any()
    assert (made != painter.paint(labels, "dark", np.random.default_rng(1)).image).any()
    assert (made != painter.paint(labels, "bright", np.random.default_rng(0)).image).any()


def test_weights_of_another_width_are_refused(tmp_path):
    fitted = fit(SETTINGS, examples(), a_fit(tmp_path, 1))
    with pytest.raises(ValueError, match=r"the weights do not fit the network \(.* tensors differ"):
        load(SETTINGS.model_copy(update={"width": 16}), fitted.weights, fitted.facts, "cpu")


def test_the_network_has_attention_at_the_coarsest_resolution_alone():
    network = network_of(SETTINGS.model_copy(update={"levels": 3}), Styles.of(examples()))
    blocks = {name.split(".attentions")[0] for name, _ in network.named_parameters() if ".attentions" in name}
    assert blocks == {"down_blocks.2", "up_blocks.0"}
