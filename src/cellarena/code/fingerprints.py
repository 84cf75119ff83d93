"""Fingerprints of the code of stages: what code.yaml holds, and what interrupted work is known by."""

from cellarena.catalog import Entry
from cellarena.code.reach import Code, Reached
from cellarena.extensions import all_extensions

WORKS_ON = {
    "acquire": ("source",),
    "ensemble": ("ensemble",),
    "fit-generator": ("generator",),
    "package": ("ensemble", "method", "model"),
    "predict": ("method", "model"),
    "quality": ("method", "model"),
    "synthesize": ("generator",),
    "train": ("method", "model"),
}
"""The stages that work on one entry of one of these kinds; others have one fingerprint whatever they work on."""
_STARTER = "cellarena.cli"
"""It imports the module of whatever command is asked for, by its name."""


def own_code() -> Code:
    """Return the code of this project and of the distributions that extend it."""
    return Code(frozenset({"cellarena", *(extension.module.partition(".")[0] for extension in all_extensions())}))


def reached(code: Code, command: str, *entries: Entry) -> Reached:
    """Return what a stage's command can reach, for these entries of catalogs if the command works on single ones."""
    chosen: dict[str, set[str]] = {kind: set() for kind in WORKS_ON.get(command, ())}
    for catalog, name in set().union(*(entry.closure() for entry in entries)):
        chosen.setdefault(catalog.kind, set()).add(name)
    return code.reached([_STARTER, f"cellarena.stages.{command.replace('-', '_')}"], chosen)


def fingerprint_of(command: str, entry: Entry) -> str:
    """Return the fingerprint of what a stage's command can reach for one entry of a catalog."""
    code = own_code()
    return code.fingerprint(reached(code, command, entry))
