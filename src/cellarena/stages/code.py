"""Stage code: a fingerprint of the code of each stage, for stages to depend on."""

from collections.abc import Mapping, Sequence
from pkgutil import iter_modules

import click
import yaml

from cellarena import stages
from cellarena.catalog import Entry
from cellarena.code.fingerprints import WORKS_ON, own_code, reached
from cellarena.code.reach import Code
from cellarena.datasets.sources.spec import SOURCES
from cellarena.extensions import all_extensions, versions
from cellarena.files import write_bytes
from cellarena.methods.spec import METHODS
from cellarena.models.ensembles import Ensembling
from cellarena.models.spec import MODELS
from cellarena.shell.project import Project
from cellarena.synthesis.generators.spec import GENERATORS

Names = Mapping[str, Mapping[str, Sequence[Entry]]]
"""By kind and name, what is worked on."""


@click.command()
@click.pass_obj
def code(project: Project) -> None:
    """Write a fingerprint of the code that each stage can reach; comments, docstrings and layout are no part of it.

    Where a stage is run for each model, ensemble, source or kind of generator, each of these has its own.
    """
    ensembles = project.read(dict[str, Ensembling], "ensembles")
    content = fingerprints(own_code(), names_with({name: one.members for name, one in ensembles.items()}))
    if added := all_extensions():
        content["extensions"] = versions([], added)
    # In quotes, as digits around a single e are a number to whoever reads YAML 1.2.
    write_bytes(yaml.safe_dump(content, default_style='"').encode(), project.layout.code)


def names_with(ensembles: Mapping[str, Sequence[str]]) -> Names:
    """Return all that stages work on, with ensembles by the names of their members."""
    catalogs = {
        catalog.kind: {n: [catalog.entry(n)] for n in catalog} for catalog in (GENERATORS, METHODS, MODELS, SOURCES)
    }
    return {**catalogs, "ensemble": {n: [MODELS.entry(member) for member in m] for n, m in ensembles.items()}}


def fingerprints(read: Code, names: Names) -> dict[str, str | dict[str, str]]:
    """Return the fingerprint of each stage's command, or those for each name that it works on."""
    modules = [m.name.replace("_", "-") for m in iter_modules(stages.__path__)]
    return {name: _of_command(read, name, names) for name in modules if name[0] != "-" and name != "code"}


def _of_command(read: Code, command: str, names: Names) -> str | dict[str, str]:
    if command not in WORKS_ON:
        return read.fingerprint(reached(read, command))
    entries = {name: found for kind in WORKS_ON[command] for name, found in names[kind].items()}
    return {name: read.fingerprint(reached(read, command, *found)) for name, found in entries.items()}
