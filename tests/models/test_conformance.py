"""What every model of the catalog must do, whatever it is; a new one is tested the moment it exists."""

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from cellarena.cards import write_card
from cellarena.datasets.cropping.crops import Annotated, Cropping, Crops
from cellarena.evaluation.matching import iou_pairs, match
from cellarena.evaluation.metrics import f1
from cellarena.images.intensity import NORMALISATIONS
from cellarena.learning.checkpoints import build_network, load_model, save_weights
from cellarena.learning.predict import Network, Tiles, segment
from cellarena.learning.recipe import Inference
from cellarena.learning.supervision import supervised_loss
from cellarena.models.planning.nnunet_plan import Planning, plan
from cellarena.models.spec import MODELS
from cellarena.params.mirror import load_params
from cellarena.targets.spec import TARGETS

PARAMS = load_params(Path(__file__).parent.parent.parent / "params.yaml")
# For images of 64 x 64, with fewer features than the planner gives.
PLAN = plan([(64, 64)] * 10, 3, 3, Planning(memory_gb=0.1, features=32)).model_copy(
    update={"features": (8, 16, 16, 16, 16)}
)
INFERENCE = Inference(tile=64, overlap=0.5, batch_size=4, precision="32-true", mirror=False)

pytestmark = pytest.mark.parametrize("name", MODELS)


def smallest(name):
    """Return the hyperparameters of params.yaml, whole numbers as small as their bounds allow."""
    declared = getattr(PARAMS.models, name)
    bounds = {
        key: rule.ge
        for key, field in type(declared).model_fields.items()
        for rule in field.metadata
        if field.annotation is int and hasattr(rule, "ge")
    }
    chosen = type(declared).model_validate({**declared.model_dump(), **bounds})
    return chosen.planned(PLAN) if MODELS[name].planned else chosen


def fresh(name, seed=0):
    torch.manual_seed(seed)
    target = getattr(PARAMS.targets, MODELS[name].target)
    return build_network(name, smallest(name), target), target


def discs(seed):
    """Return nine bright discs on a dark ground."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:64, :64]
    labels = np.zeros((64, 64), np.uint16)
    centres = np.array([(row, column) for row in (12, 32, 52) for column in (12, 32, 52)])
    for label, (row, column) in enumerate(centres + rng.integers(-2, 3, centres.shape), start=1):
        labels[(rows - row) ** 2 + (columns - column) ** 2 <= 49] = label
    grey = np.clip(np.where(labels > 0, 190, 50) + rng.normal(0, 8, labels.shape), 0, 255).astype(np.uint8)
    return Annotated(np.stack([grey] * 3, axis=-1), labels, "fluorescence")


def steps(network, target, batches, rate):
    """Train on batches of (images, targets) and return the losses."""
    optimizer = torch.optim.AdamW(network.parameters(), lr=rate)
    network.train()
    losses = []
    for images, encoded in batches:
        loss = supervised_loss(target, network(images), encoded)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    network.eval()
    return losses


def whole(name, images, target):
    """Return whole images as one batch, normalised as the model wants them, and their encoded labels."""
    normalised = []
    for annotated in images:
        rescale = NORMALISATIONS[smallest(name).normalisation](annotated.image)
        normalised.append(np.moveaxis(rescale(annotated.image.astype(np.float32)), -1, 0))
    return torch.from_numpy(np.stack(normalised)), torch.from_numpy(np.stack([target.encode(a.labels) for a in images]))


def card(name, target):
    return {
        "model": name,
        "hyperparameters": smallest(name).model_dump(mode="json"),
        "target": MODELS[name].target,
        "decoding": target.model_dump(mode="json"),
    }


def segmenter(name, network, target, **changes):
    return Network(network, target, Tiles.of(smallest(name), INFERENCE.model_copy(update=changes)))


@cache
def learnt(name):
    """Return a network that learnt two images by heart, its target, and the images."""
    network, target = fresh(name)
    images = [discs(0), discs(1)]
    steps(network, target, [whole(name, images, target)] * 80, rate=0.01)
    return network, target, images


def agreement(true, pred):
    return f1(match(iou_pairs(true, pred), 0.5))


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (33, 65), (64, 64), (65, 130)])
def test_any_image_size_comes_out_as_it_went_in(name, shape):
    network, target = fresh(name)
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    output = segmenter(name, network.eval(), target).activations(image)
    assert output.shape == (target.n_channels, *shape)
    assert output.dtype == np.float32
    assert np.isfinite(output).all()
    assert segment(segmenter(name, network, target), image).shape == shape


def test_the_network_takes_every_multiple_it_declares(name):
    network, target = fresh(name)
    side = MODELS[name].multiple
    for height, width in ((side, side), (2 * side, side), (side, 3 * side)):
        with torch.inference_mode():
            output = network.eval()(torch.rand(2, 3, height, width))
        assert tuple(output.shape) == (2, target.n_channels, height, width)
    assert INFERENCE.tile % side == 0


def test_the_seed_decides_the_fresh_weights(name):
    weights = [fresh(name, seed)[0].state_dict() for seed in (0, 0, 1)]
    assert all(torch.equal(weights[0][key], weights[1][key]) for key in weights[0])
    assert not all(torch.equal(weights[0][key], weights[2][key]) for key in weights[0])


def test_the_loss_reaches_every_weight(name):
    network, target = fresh(name)
    images, encoded = whole(name, [discs(0), discs(1)], target)
    supervised_loss(target, network.train()(images), encoded).backward()
    assert [key for key, weight in network.named_parameters() if weight.requires_grad and weight.grad is None] == []


def test_the_loss_falls_in_a_few_steps(name):
    network, target = fresh(name)
    own = smallest(name)
    cropping = Cropping(own.frame(64), own.augmentation, own.normalisation, own.foreground)
    crops = Crops([discs(0), discs(1)], target, cropping, 0)
    batches = [[torch.stack(part) for part in zip(crops[2 * i], crops[2 * i + 1], strict=True)] for i in range(15)]
    losses = steps(network, target, batches, rate=0.005)
    assert np.mean(losses[-3:]) < 0.9 * np.mean(losses[:3])


def test_two_images_can_be_learnt_by_heart(name):
    network, target, images = learnt(name)
    segmented = [segment(segmenter(name, network, target), annotated.image) for annotated in images]
    assert min(agreement(a.labels, pred) for a, pred in zip(images, segmented, strict=True)) >= 0.9


def test_half_precision_decodes_to_nearly_the_same_objects(name):
    network, target, images = learnt(name)
    for annotated in images:
        full, half = (segmenter(name, network, target, precision=precision) for precision in ("32-true", "bf16-mixed"))
        assert full.activations(annotated.image).tobytes() != half.activations(annotated.image).tobytes()
        assert agreement(segment(full, annotated.image), segment(half, annotated.image)) >= 0.9


def test_prediction_is_deterministic(name):
    network, target = fresh(name)
    image = discs(0).image
    first = segmenter(name, network.eval(), target).activations(image)
    segmenter(name, network, target).activations(discs(1).image)
    torch.manual_seed(5)
    assert segmenter(name, network, target).activations(image).tobytes() == first.tobytes()


def test_a_checkpoint_brings_back_the_same_predictions(name, tmp_path):
    network, target = fresh(name)
    steps(network, target, [whole(name, [discs(0)], target)] * 3, rate=0.01)
    before = segmenter(name, network, target).activations(discs(1).image)
    save_weights(network.state_dict(), tmp_path / "model.safetensors")
    write_card(card(name, target), tmp_path / "model.json")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.safetensors"]
    model = load_model(tmp_path, "cpu")
    assert type(model.target) is TARGETS[MODELS[name].target]
    assert not model.network.training
    assert model.segmenter(INFERENCE).activations(discs(1).image).tobytes() == before.tobytes()
    assert json.loads((tmp_path / "model.json").read_text()) == model.card


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_checkpoint_that_is_a_pickle_is_refused_and_not_run(name, tmp_path):
    network, target = fresh(name)
    write_card(card(name, target), tmp_path / "model.json")
    torch.save({**network.state_dict(), "canary": Canary(tmp_path / "ran")}, tmp_path / "model.safetensors")
    with pytest.raises(ValueError, match="not a valid safetensors file"):
        load_model(tmp_path, "cpu")
    assert not (tmp_path / "ran").exists()
