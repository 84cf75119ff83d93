"""Generators as the stages know them: what they were fitted to, and how they are stored."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cellarena.files import write_bytes
from cellarena.records import Record, read_manifest
from cellarena.shell.annotated import annotated_part
from cellarena.shell.project import Project
from cellarena.synthesis.arms import first_of_each, rounded
from cellarena.synthesis.generators.spec import GENERATORS, Example, Painter
from cellarena.synthesis.settings import Source, Synthesis

if TYPE_CHECKING:
    from torch import Tensor


def known_records(project: Project, name: str) -> list[Record]:
    """Return the training images that a generator knows, sorted by id: those of the arm with its share.

    An image of which less than half was annotated is none of them: too little of it would be left.

    Raises:
        ValueError: if there is no such generator, or no image is left.
    """
    settings = project.read(Synthesis, "synthesize")
    source = project.read(Source, "synthesize", "generators", name)
    train = read_manifest(project.layout.subset("train"))
    chosen = first_of_each(train, rounded(source.share * len(train)), settings.seed)
    known = [record for record in chosen if record.n_annotated >= record.n_ignored]
    if not known:
        raise ValueError(
            f"synthesize.generators.{name}.share: {source.share} of {len(train)} training images is none; raise it"
        )
    return sorted(known, key=lambda record: record.id)


def read_examples(folder: Path, records: Sequence[Record]) -> list[Example]:
    """Return records, whose paths are relative to a folder, as generators see them: what was annotated whole.

    Raises:
        ValueError: if an image is not 8-bit RGB, or its labels differ from it in size.
    """
    return [_example(folder, record) for record in records]


def _example(folder: Path, record: Record) -> Example:
    image, labels = annotated_part(folder, record)
    if image.dtype != np.uint8 or image.shape[2:] != (3,) or labels.shape != image.shape[:2]:
        raise ValueError(
            f"{folder / record.image}: {image.dtype} {image.shape} with labels {labels.shape}, expected 8-bit RGB and "
            "labels of its size; run `dvc repro preprocess`"
        )
    return Example(record.id, image, labels, record.modality)


def write_generator(card: dict[str, Any], weights: "dict[str, Tensor]", folder: Path) -> None:
    """Write model.json, and model.safetensors with all tensors."""
    from safetensors.torch import save

    from cellarena.learning.cards import write_card

    write_card(card, folder / "model.json")
    write_bytes(save({name: tensor.detach().cpu().contiguous() for name, tensor in weights.items()}),
                folder / "model.safetensors")  # fmt: skip


def read_generator(folder: Path, device: str) -> tuple[Painter, dict[str, Any]]:
    """Return a stored generator on a device of torch, and its card.

    Raises:
        FileNotFoundError: if one of its two files is missing.
        ValueError: if one is damaged, or they do not fit each other.
    """
    from cellarena.learning.cards import reading

    with reading(folder / "model.json") as card:
        spec = GENERATORS[card["kind"]]
        settings, facts = spec.settings.model_validate(card["settings"]), dict(card["facts"])
    path = folder / "model.safetensors"
    weights = _read_weights(path)
    try:
        return spec.load(settings, weights, facts, device), card
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path}: does not fit model.json ({error}); run `dvc repro` or `dvc checkout`") from error


def read_trained_on(folder: Path) -> dict[str, str]:
    """Return the sha256 of each training image that a stored generator knows, by id.

    Raises:
        FileNotFoundError: if it has no model.json.
        ValueError: if that does not say.
    """
    from cellarena.learning.cards import reading

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
