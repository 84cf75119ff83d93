"""Command import-checkpoint: somebody else's weights become a model of this project."""

from pathlib import Path

import click

from cellarena.importing.checkpoints import Foreign, account_of, taken_over
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads

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
    card = taken_over(project, Foreign(file, key, model, name, licence, source, hyperparameters))
    click.echo("\n".join(account_of(card, name, project.layout.imported(name))))
