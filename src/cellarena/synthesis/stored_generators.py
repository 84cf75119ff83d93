"""Fitted generators as they are stored: a folder of model.json and model.safetensors."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellarena.cards import reading, write_card
from cellarena.files import write_bytes
from cellarena.synthesis.generators.spec import GENERATORS, PAINTERS, Painter

if TYPE_CHECKING:
    from torch import Tensor


def write_generator(card: dict[str, Any], weights: "dict[str, Tensor]", folder: Path) -> None:
    """Write model.json, and model.safetensors with all tensors."""
    from safetensors.torch import save

    write_card(card, folder / "model.json")
    write_bytes(save({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}),
                folder / "model.safetensors")  # fmt: skip


def read_generator(folder: Path, device: str) -> tuple[Painter, dict[str, Any]]:
    """Return a stored generator on a device of torch, and its card.

    Raises:
        FileNotFoundError: if one of its two files is missing.
        ValueError: if one is damaged, or they do not fit each other.
    """
    with reading(folder / "model.json") as card:
        load, settings = PAINTERS[card["kind"]], GENERATORS[card["kind"]].model_validate(card["settings"])
        facts = dict(card["facts"])
    path = folder / "model.safetensors"
    weights = _read_weights(path)
    try:
        return load(settings, weights, facts, device), card
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: does not fit model.json ({error}); run `dvc repro` or `dvc checkout`") from error


def read_trained_on(folder: Path) -> dict[str, str]:
    """Return the sha256 of each training image that a stored generator knows, by id.

    Raises:
        FileNotFoundError: if it has no model.json.
        ValueError: if that does not say.
    """
    with reading(folder / "model.json") as card:
        known = {entry["id"]: entry["sha256"] for entry in card["trained_on"]}
        if not known or not all(isinstance(text, str) for pair in known.items() for text in pair):
            raise ValueError("trained_on is no list of ids and sha256")
        return known


def _read_weights(path: Path) -> "dict[str, Tensor]":
    from safetensors import SafetensorError
    from safetensors.torch import load

    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such generator; run `dvc repro` or `dvc pull`")
    try:
        weights = load(path.read_bytes())
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"{path}: not a valid safetensors file ({error}); run `dvc checkout`") from error
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{path}: {name} holds values that are not finite; run `dvc checkout`")
    return weights
