"""What a stage leaves where its part of the grid is left out: a word in every output, so that DVC finds them all."""

import json
from collections.abc import Iterable
from pathlib import Path

import click

from cellarena.files import write_bytes
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder
from cellarena.synthesis.settings import Source

NOTE = "left_out.txt"


def leave_out_unasked(project: Project, generator: str, folders: Iterable[Path]) -> bool:
    """Leave a generator out that no arm of the study asks for, as `leave_out` does, and return whether that is so.

    Raises:
        ValueError: if there is no such generator.
    """
    project.read(Source, "synthesize", "generators", generator)
    if generator in project.grid.asked_generators:
        return False
    leave_out(generator, "no arm of the study asks for it", folders)
    return True


def leave_out(what: str, why: str, folders: Iterable[Path], files: Iterable[Path] = ()) -> None:
    """Write into each folder, and each JSON file, that something is left out, and say it.

    Args:
        what: is left out.
        why: it is.
        folders: that would hold it; what they held before goes.
        files: JSON files that would.
    """
    for folder in folders:
        with fresh_folder(folder) as fresh:
            write_bytes(f"{what}: left out, {why}\n".encode(), fresh / NOTE)
    for path in files:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(json.dumps({"left_out": why}).encode() + b"\n", path)
    click.echo(f"{what}: left out, {why}")
