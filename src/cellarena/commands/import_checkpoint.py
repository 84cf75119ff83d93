"""Command import-checkpoint: somebody else's weights become a model of this project."""

import shutil
from pathlib import Path
from typing import Any

import click

from cellarena.files import write_bytes
from cellarena.layout import Layout
from cellarena.records import Run
from cellarena.registry.foreign.declaration import refuse_declared, with_artifact
from cellarena.registry.foreign.origin import checked_licence, origin_of
from cellarena.releasing.foreign import (
    foreign_card,
    foreign_hyperparameters,
    foreign_lines,
    read_foreign_model,
    tuned_target,
)
from cellarena.releasing.packing import Packed, fill
from cellarena.releasing.tracking import track
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder

_PATH = click.Path(path_type=Path)


@click.command()
@click.argument("file", type=_PATH)
@click.option("--model", required=True, help="Whose network the weights are of, such as unet.")
@click.option("--name", required=True, help="What the model will be released as, such as my-unet.")
@click.option("--licence", required=True, help="Of the weights, as in SPDX: MIT, CC-BY-NC-4.0, ...")
@click.option("--source", required=True, help="Where the file is from: an address, or in words.")
@click.option("--hyperparameters", type=_PATH, help="YAML of those that differ from params.yaml's block of the model.")
@click.option("--key", help="Where in the file the weights lie, as in model_ema.module; if several sets of them fit.")
@click.pass_obj
@fixed_threads
def import_checkpoint(
    project: Project, file: Path, model: str, name: str, licence: str, source: str, hyperparameters: Path | None,
    key: str | None,
) -> None:  # fmt: skip
    """Take over a checkpoint that was trained elsewhere: .pth, .pth.tar, .pt, .ckpt, .bin or .safetensors.

    A pickle is opened by a process of its own, which reads tensors and nothing else. The weights must fit the network
    that the hyperparameters build, and are scored on the test subset. DVC tracks the result, which is released like any
    other model: dvc.yaml declares an artifact of that name.
    """
    layout = project.layout
    _refuse_taken(layout, name)
    checked_licence(licence)
    run = Run(name.replace("-", "_"), "imported", 0)
    with fresh_folder(layout.imported(name)) as folder:
        card = _write_checkpoint(project, (file, key), model, run, hyperparameters, (source, licence), folder)
        fill(
            project, Packed(run, [card], foreign_lines(project, run, folder), {}, f"unknown; weights: {source}"), folder
        )
    _track(layout, name, model)
    _tell(layout, name, card)


def _write_checkpoint(
    project: Project, weights: tuple[Path, str | None], model: str, run: Run, hyperparameters: Path | None,
    terms: tuple[str, str], folder: Path,
) -> dict[str, Any]:  # fmt: skip
    """Write model.json and model.safetensors below a folder as a package holds them, and return the card."""
    from cellarena.learning.cards import write_card
    from cellarena.learning.checkpoints import load_model, save_weights

    chosen = foreign_hyperparameters(project, model, hyperparameters)
    foreign = read_foreign_model(*weights, model, chosen, project.params.target(model))
    origin = origin_of(weights[0], *terms, foreign)
    card = foreign_card(project, run, model, chosen, tuned_target(project, model, chosen, foreign), origin)
    checkpoint = project.layout.packed_checkpoint(folder, run)
    save_weights(dict(foreign.tensors), checkpoint / "model.safetensors")
    write_card(card, checkpoint / "model.json")
    load_model(checkpoint, "cpu")
    return card


def _refuse_taken(layout: Layout, name: str) -> None:
    if not layout.pipeline.is_file():
        raise FileNotFoundError("dvc.yaml not found here; run cellarena in the folder that holds it")
    refuse_declared(layout.pipeline.read_text(encoding="utf-8"), name)
    folder = layout.imported(name)
    for taken in (folder, folder.with_name(f"{name}.dvc")):
        if taken.exists():
            raise ValueError(f"{taken}: is there already; choose another name, or remove it")


def _track(layout: Layout, name: str, model: str) -> None:
    """Give the folder to DVC and declare the artifact; if that fails, nothing of it is left."""
    folder = layout.imported(name)
    try:
        track(layout, folder)
        path = folder.relative_to(layout.root).as_posix()
        text = layout.pipeline.read_text(encoding="utf-8")
        declared = with_artifact(text, name, path, f"A model of the kind {model}, trained elsewhere")
        write_bytes(declared.encode(), layout.pipeline)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        folder.with_name(f"{name}.dvc").unlink(missing_ok=True)
        raise


def _tell(layout: Layout, name: str, card: dict[str, Any]) -> None:
    origin, folder = card["origin"], layout.imported(name)
    reached = card["validation"].get("f1_tuned")
    click.echo(f"{origin['file']} (sha256 {origin['sha256']}) is now {name}, a {card['model']}, in {folder}")
    if origin["key"]:
        click.echo(f"its weights lie under {origin['key']}")
    if origin["cast"]:
        click.echo(f"their types are the network's now: {origin['cast']}")
    if origin["prefix"]:
        click.echo(f"names of weights lost their prefix {origin['prefix']!r}")
    if reached is None:
        click.echo("there is no validation subset yet: it decodes as params.yaml says; after `dvc repro split` it can "
                   "be tuned, by importing it anew")  # fmt: skip
    else:
        click.echo(f"decoding tuned on the validation images: F1 {reached:.4f}")
    click.echo(f"commit it: git add dvc.yaml {folder}.dvc && git commit, then cellarena release {name}")
