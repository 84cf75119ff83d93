"""The command line: every stage is a command, every error is one line with an exit code that says its kind."""

import errno
import importlib
import os
import pkgutil
import re
import sys
import traceback
from pathlib import Path

import click

from cellarena import commands, stages
from cellarena.faults import IntegrityError, PartialError, SecurityError
from cellarena.layout import Layout
from cellarena.running_code import run_code_of_project
from cellarena.termination import heed_termination

# What a fault says about the request; anything else is a bug and shows its traceback.
_EXIT_CODES = {PartialError: 3, IntegrityError: 4, SecurityError: 5, ValueError: 2, OSError: 2, MemoryError: 2}
_EXPECTED = tuple(_EXIT_CODES)
# Not MKL_NUM_THREADS, which is torch's too: whoever segments images may use all cores.
_THREADS_OF_NUMPY = ("OPENBLAS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
_ADVICE = {
    errno.ENOENT: "run `dvc repro` or `dvc pull`",
    errno.ENOSPC: "free disk space and run it again",
    errno.EDQUOT: "free disk space and run it again",
    errno.EACCES: "change its permissions",
    errno.EPERM: "change its permissions",
    errno.EROFS: "work in a folder that can be written",
}


class Commands(click.Group):
    """Finds a command in the module of the same name, so that a light one does not import the heavy ones."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of all stages and other commands."""
        return sorted(_rooms())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of that name."""
        if cmd_name not in (rooms := _rooms()):
            return None
        name = cmd_name.replace("-", "_")
        command: click.Command = getattr(importlib.import_module(f"{rooms[cmd_name]}.{name}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first sentence of every command's help, whole, those that are stages apart."""
        rooms = _rooms()
        for room, title in {commands: "Commands", stages: "Stages, which dvc repro runs"}.items():
            names = sorted(name for name, package in rooms.items() if package == room.__name__)
            found = {name: self.get_command(ctx, name) for name in names}
            with formatter.section(title):
                formatter.write_dl([(name, _sentence(command)) for name, command in found.items() if command])


def _sentence(command: click.Command) -> str:
    return re.split(r"(?<=\.)\s", command.help or "")[0]


def _rooms() -> dict[str, str]:
    """Return the package of each command."""
    found = (
        (room.__name__, module.name) for room in (stages, commands) for module in pkgutil.iter_modules(room.__path__)
    )
    return {name.replace("_", "-"): room for room, name in found if name[0] != "_"}


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, expose_value=False, help="Show the traceback of an error.")
@click.version_option(package_name="cellarena")
@click.pass_context
def cli(context: click.Context) -> None:
    """Work in the project of the current folder: on the stages that dvc repro runs for you, and on releases."""
    # It imports numpy, which reads the environment that `main` prepares.
    from cellarena.shell.project import Project

    context.obj = Project(Layout(Path()))


def main() -> None:
    """Run the command line and leave with the exit code of what happened."""
    # Threads that wait without spinning cost nothing alone and save half the time on a machine that others use too.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # numpy's products of matrices end in other digits with another number of threads; those of torch are set by stages.
    os.environ.update(dict.fromkeys(_THREADS_OF_NUMPY, "1"))
    heed_termination()
    debug = "--debug" in sys.argv or "CELLARENA_DEBUG" in os.environ
    try:
        run_code_of_project()
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("cellarena: interrupted", err=True)
        sys.exit(130)
    except _EXPECTED as error:
        if debug:
            traceback.print_exc()
        click.echo(f"cellarena: {_line(error)}", err=True)
        sys.exit(next(code for kind, code in _EXIT_CODES.items() if isinstance(error, kind)))


def _line(error: Exception) -> str:
    """Return what an error says; one of the operating system gets its file first and advice last."""
    if isinstance(error, MemoryError):
        return " ".join(str(error).split()) or "out of memory; close other programs, or give it smaller images"
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    file = f"{error.filename}: " if error.filename else ""
    advice = f"; {_ADVICE[error.errno]}" if error.errno in _ADVICE else ""
    return f"{file}{error.strerror}{advice}"
