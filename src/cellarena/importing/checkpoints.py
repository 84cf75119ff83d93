"""Somebody else's weights become a model of this project."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cellarena.files import write_bytes
from cellarena.importing.foreign import (
    foreign_card,
    foreign_hyperparameters,
    foreign_lines,
    read_foreign_model,
    tuned_target,
)
from cellarena.records import Run
from cellarena.registry.foreign.declaration import refuse_declared, with_artifact
from cellarena.registry.foreign.origin import checked_licence, origin_of
from cellarena.shell.packing import Packed, fill
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder
from cellarena.shell.settings import target_of
from cellarena.shell.tracking import refuse_taken, track, tracked_or_gone


@dataclass(frozen=True)
class Foreign:
    """A checkpoint that was trained elsewhere, as a user describes it."""

    file: Path
    key: str | None
    """Where in it the weights lie; None where that is clear."""
    model: str
    """Whose network they are of."""
    name: str
    """What the model will be released as."""
    licence: str
    source: str
    hyperparameters: Path | None
    """A YAML file of those that differ from params.yaml."""


def taken_over(project: Project, foreign: Foreign) -> dict[str, Any]:
    """Write, score, pack and track a checkpoint, declare it in dvc.yaml, and return its card.

    Raises:
        ValueError: if the weights fit no such network, or the name is taken.
        SecurityError: if the file holds anything but tensors.
        FileNotFoundError: if there is no such file, or no dvc.yaml here.
    """
    layout = project.layout
    folder = layout.imported(foreign.name)
    if not layout.pipeline.is_file():
        raise FileNotFoundError("dvc.yaml not found here; run cellarena in the folder that holds it")
    refuse_declared(layout.pipeline.read_text(encoding="utf-8"), foreign.name)
    refuse_taken(folder, "choose another name, or remove it")
    checked_licence(foreign.licence)
    run = Run(foreign.name.replace("-", "_"), "imported", 0)
    with fresh_folder(folder) as fresh:
        card = _write_checkpoint(project, foreign, run, fresh)
        source = f"unknown; weights: {foreign.source}"
        packed = Packed(run, [card], foreign_lines(layout, run, fresh), {}, source)
        fill(project, packed, fresh)
    with tracked_or_gone(folder):
        track(layout, folder)
        text, path = layout.pipeline.read_text(encoding="utf-8"), folder.relative_to(layout.root).as_posix()
        kind = f"A model of the kind {foreign.model}, trained elsewhere"
        write_bytes(with_artifact(text, foreign.name, path, kind).encode(), layout.pipeline)
    return card


def _write_checkpoint(project: Project, foreign: Foreign, run: Run, folder: Path) -> dict[str, Any]:
    """Write model.json and model.safetensors below a folder as a package holds them, and return the card."""
    from cellarena.cards import write_card
    from cellarena.learning.checkpoints import load_model, save_weights

    chosen = foreign_hyperparameters(project, foreign.model, foreign.hyperparameters)
    weights = read_foreign_model(foreign.file, foreign.key, foreign.model, chosen, target_of(project, foreign.model))
    origin = origin_of(foreign.file, foreign.source, foreign.licence, weights)
    decoding = tuned_target(project, foreign.model, chosen, weights)
    card = foreign_card(project, run, foreign.model, chosen, decoding, origin)
    checkpoint = project.layout.packed_checkpoint(folder, run)
    save_weights(dict(weights.tensors), checkpoint / "model.safetensors")
    write_card(card, checkpoint / "model.json")
    load_model(checkpoint, "cpu")
    return card


def account_of(card: dict[str, Any], name: str, folder: Path) -> Iterator[str]:
    """Yield what was taken over, and what to do next, a line each."""
    origin, reached = card["origin"], card["validation"].get("f1_tuned")
    yield f"{origin['file']} (sha256 {origin['sha256']}) is now {name}, a {card['model']}, in {folder}"
    if origin["key"]:
        yield f"its weights lie under {origin['key']}"
    if origin["cast"]:
        yield f"their types are the network's now: {origin['cast']}"
    if origin["prefix"]:
        yield f"names of weights lost their prefix {origin['prefix']!r}"
    if reached is None:
        yield (
            "there is no validation subset yet: it decodes as params.yaml says; after `dvc repro split` it can be "
            "tuned, by importing it anew"
        )
    else:
        yield f"decoding tuned on the validation images: F1 {reached:.4f}"
    yield f"commit it: git add dvc.yaml {folder}.dvc && git commit, then cellarena release {name}"
