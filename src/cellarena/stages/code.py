"""Stage code: a fingerprint of the code of each stage, for stages to depend on."""

from pkgutil import iter_modules
from typing import Any

import click
import yaml

from cellarena import stages
from cellarena.catalog import Catalog
from cellarena.code.fingerprints import own_code, reached
from cellarena.code.reach import Code
from cellarena.datasets.sources.spec import SOURCES
from cellarena.extensions import all_extensions, versions
from cellarena.images.io import write_bytes
from cellarena.models.ensembles import ENSEMBLES
from cellarena.models.spec import MODELS
from cellarena.shell.project import Project
from cellarena.synthesis.generators.spec import GENERATORS

_RUN_BY_ENTRY: dict[str, list[Catalog[Any]]] = {
    "acquire": [SOURCES],
    "ensemble": [ENSEMBLES],
    "fit-generator": [GENERATORS],
    "package": [MODELS, ENSEMBLES],
    "predict": [MODELS, ENSEMBLES],
    "quality": [GENERATORS],
    "synthesize": [GENERATORS],
    "train": [MODELS],
}
"""The commands that work on one entry of these catalogs; all others have one fingerprint whatever they work on."""


@click.command()
@click.pass_obj
def code(project: Project) -> None:
    """Write a fingerprint of the code that each stage can reach; comments, docstrings and layout are no part of it.

    Where a stage is run for each model, ensemble, source or kind of generator, each of these has its own.
    """
    content = fingerprints(own_code())
    if added := all_extensions():
        content["extensions"] = versions([], added)
    # In quotes, as digits around a single e are a number to whoever reads YAML 1.2.
    write_bytes(yaml.safe_dump(content, default_style='"').encode(), project.layout.code)


def fingerprints(read: Code) -> dict[str, str | dict[str, str]]:
    """Return the fingerprint of each stage's command, or those for each entry that it works on."""
    names = [m.name.replace("_", "-") for m in iter_modules(stages.__path__) if m.name[0] != "_" and m.name != "code"]
    return {name: _of_command(read, name) for name in names}


def _of_command(read: Code, command: str) -> str | dict[str, str]:
    if command not in _RUN_BY_ENTRY:
        return read.fingerprint(reached(read, command))
    entries = [catalog.entry(name) for catalog in _RUN_BY_ENTRY[command] for name in catalog]
    return {entry.name: read.fingerprint(reached(read, command, entry)) for entry in entries}
