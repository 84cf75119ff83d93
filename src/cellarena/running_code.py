"""The code that runs is the code that is recorded: a command in a project runs the package of that project.

`dvc.lock` records the files of the folder that DVC works in. The program `cellarena` of an environment belongs to one
folder, and that may be another: that of the clone an experiment was queued in, of a git worktree, of a second clone.
"""

import os
import sys
from pathlib import Path

import cellarena
from cellarena.faults import IntegrityError

_PACKAGE = Path("src", "cellarena")
_STARTED_ANEW = "CELLARENA_STARTED_ANEW"
"""Holds the number of a process that was started anew; others that it starts inherit the variable, not the number."""


def run_code_of_project() -> None:
    """Start this process anew with the package of the project around the current folder, if it runs another.

    Whatever it starts itself then runs that package too, for it is named first in PYTHONPATH. A program that imported
    the package and calls the command line from within has chosen its code, and goes on.

    Raises:
        IntegrityError: if another package would run nevertheless.
    """
    own, running = package_around(Path.cwd()), Path(cellarena.__file__).parent
    if own is None or own.samefile(running) or not _is_command():
        return
    if os.environ.pop(_STARTED_ANEW, "") == str(os.getpid()) or not sys.executable:
        raise IntegrityError(
            f"{own} is this project's code, but {running} runs; install this project into the environment that is used "
            f"(`make setup`), or set PYTHONPATH={own.parent}"
        )
    paths = [str(own.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    anew = {"PYTHONPATH": os.pathsep.join(paths), _STARTED_ANEW: str(os.getpid())}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], os.environ | anew)


def package_around(folder: Path) -> Path | None:
    """Return the package of the project that a folder is or lies in, None if that project has none of its own."""
    for root in (folder, *folder.parents):
        if (root / "dvc.yaml").is_file() and (root / _PACKAGE / "__init__.py").is_file():
            return root / _PACKAGE
        # What lies further up is another project.
        if (root / ".dvc").is_dir():
            return None
    return None


def _is_command() -> bool:
    """Return whether this process was started as the command line that it runs."""
    return sys.orig_argv[-len(sys.argv) :] == sys.argv
