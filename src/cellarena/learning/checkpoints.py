"""Checkpoints: weights as safetensors beside a card; nothing is ever unpickled."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from cellarena.cards import reading
from cellarena.files import write_bytes
from cellarena.learning.headers import declarations, declared_tensors
from cellarena.learning.predict import Network, Tiles
from cellarena.learning.recipe import Inference
from cellarena.models.spec import MODELS, Hyperparameters
from cellarena.targets.spec import TARGETS, Target


@dataclass(frozen=True)
class Model:
    """What a checkpoint holds: the network, its settings, and the card that describes it."""

    network: nn.Module
    hyperparameters: Hyperparameters
    target: Target
    card: dict[str, Any]

    @property
    def variant(self) -> str:
        """Which variant of the model it is, in a few words."""
        return MODELS[self.card["model"]].describe(self.hyperparameters)

    @property
    def normalisations(self) -> list[Any]:
        """How the images were stretched that it learnt from."""
        return [self.card.get("normalisation")]

    def segmenter(self, settings: Inference) -> Network:
        """Return the network as one that segments images under these settings."""
        return Network(self.network, self.target, Tiles.of(self.hyperparameters, settings))


def build_network(name: str, hyperparameters: Hyperparameters, target: Target) -> nn.Module:
    """Return a model's network with fresh weights, drawn from torch's current random state."""
    return MODELS[name].build(hyperparameters, target.n_channels)


def save_weights(weights: dict[str, Tensor], path: Path) -> None:
    """Write weights as safetensors; the file appears whole or not at all."""
    write_bytes(save({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}), path)


def load_weights(network: nn.Module, path: Path) -> None:
    """Load safetensors into a network.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, does not fit the network or holds values that are not finite.
    """
    refuse_other_weights(network, path)
    try:
        weights = load(path.read_bytes())
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{path}: not a valid safetensors file ({error})") from error
    for name, tensor in weights.items():
        if not torch.isfinite(tensor).all():
            raise ValueError(f"{path}: {name} holds values that are not finite")
    network.load_state_dict(weights)


def refuse_other_weights(network: nn.Module, path: Path) -> None:
    """Do nothing if the header of a safetensors file names the weights of a network, which may be on the meta device.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if the file is damaged, or its tensors differ in names, shapes or types.
    """
    found, expected = declared_tensors(path), declarations(network)
    if odd := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
        raise ValueError(f"{path}: does not fit the network ({len(odd)} tensors differ, the first is {odd[0]})")


def load_model(folder: Path, device: str) -> Model:
    """Return the model of a checkpoint folder (`model.safetensors` and `model.json`) in evaluation mode.

    The weights' header is compared with the card before memory is taken for either.

    Raises:
        FileNotFoundError: if one of the two files is missing.
        ValueError: if the card is damaged or of another format, or the weights do not fit it.
    """
    with reading(folder / "model.json") as card:
        hyperparameters = MODELS[card["model"]].hyperparameters.model_validate(card["hyperparameters"])
        target = TARGETS[card["target"]].model_validate(card["decoding"])
        with torch.device("meta"):
            outline = build_network(card["model"], hyperparameters, target)
    refuse_other_weights(outline, folder / "model.safetensors")
    network = build_network(card["model"], hyperparameters, target)
    load_weights(network, folder / "model.safetensors")
    return Model(network.eval().to(device), hyperparameters, target, card)
