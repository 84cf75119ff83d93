"""What the stages share: the run as arguments, threads, and folders that appear whole or not at all."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar

import click
from pydantic import Field
from rich.console import Console
from rich.progress import track

from cellarena.hardware import threads
from cellarena.records import Run
from cellarena.shell.project import Project

T = TypeVar("T")
_Threads = Annotated[int, Field(ge=1, le=1024)]


def run_arguments(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command so that MODEL ARM SEED on the command line become its keyword `run`."""

    @click.argument("model")
    @click.argument("arm")
    @click.argument("seed", type=click.IntRange(min=0))
    @wraps(command)
    def with_run(*args: Any, model: str, arm: str, seed: int, **kwargs: Any) -> None:
        command(*args, run=Run(model, arm, seed), **kwargs)

    return with_run


def fixed_threads(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command of a project so that networks compute with `training.threads`, whatever the shell says."""

    @wraps(command)
    def with_threads(project: Project, *args: Any, **kwargs: Any) -> None:
        with threads(project.read(_Threads, "training", "threads")):
            command(project, *args, **kwargs)

    return with_threads


@contextmanager
def fresh_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that takes the place of `path` when the block ends well, and vanishes when it does not.

    Raises:
        ValueError: if memory ran out in the block.
    """
    partial = unfinished(path)
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield partial
        _swap(partial, path)
    except MemoryError as error:
        raise ValueError(
            f"{path}: not made, memory ran out ({' '.join(str(error).split()) or 'no more was given'}); use smaller "
            "images or a machine with more memory"
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def unfinished(path: Path) -> Path:
    """Return where a folder lies until it is whole; a process that was killed leaves it behind."""
    return path.with_name(path.name + ".partial")


def _swap(new: Path, path: Path) -> None:
    """Put a folder in the place of another, which is removed only when that is done."""
    old = path.with_name(path.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.replace(old)
    try:
        new.replace(path)
    except OSError:
        if old.exists():
            old.replace(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def progress(items: Iterable[T], doing: str, total: int) -> Iterator[T]:
    """Yield the items under a progress bar on standard error; a log that is no terminal gets one line instead."""
    console = Console(stderr=True)
    if not console.is_terminal:
        console.print(f"{doing} ({total})", highlight=False)
        yield from items
        return
    yield from track(items, doing, total=total, console=console, transient=True)
