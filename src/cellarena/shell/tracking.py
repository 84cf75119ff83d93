"""Folders that DVC keeps by a file beside them, NAME.dvc, as `dvc add` does."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cellarena.layout import Layout
from cellarena.shell.dvc_project import dvc_project


def track(layout: Layout, folder: Path) -> None:
    """Give a folder to DVC, as it is now.

    Raises:
        ValueError: if DVC does not take it, or would not find it again.
    """
    with dvc_project(layout.root) as repo:
        # What to commit is said at the end, with all that goes with it.
        repo.scm_context.quiet = True
        (stage,) = repo.add(str(folder))
        repo._reset()  # noqa: SLF001  # DVC offers no other way to look at what is there now
        seen = {known.path for known in repo.index.stages}
    if stage.path not in seen:
        raise ValueError(
            f"{folder}.dvc: .gitignore hides the folder {folder.parent} from DVC, so that no other clone would get it; "
            f"write /{folder.parent.as_posix()}/?* there for /{folder.parent.as_posix()}/*"
        )


@contextmanager
def tracked_or_gone(folder: Path) -> Iterator[None]:
    """Yield; if the block that makes and tracks a folder fails, nothing of it is left."""
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        pointer_of(folder).unlink(missing_ok=True)
        raise


def refuse_taken(folder: Path, way_out: str) -> None:
    """Do nothing if neither a folder nor DVC's file of it is there.

    Raises:
        ValueError: if one is; the message ends with the way out.
    """
    for taken in (folder, pointer_of(folder)):
        if taken.exists():
            raise ValueError(f"{taken}: is there already; {way_out}")


def pointer_of(folder: Path) -> Path:
    """Return the file by which DVC keeps a folder."""
    return folder.with_name(f"{folder.name}.dvc")


def is_shared(root: Path, folder: Path) -> bool:
    """Return whether a folder of images reaches other clones: DVC or git keep it.

    Args:
        root: of the project.
        folder: absolute, or relative to the root.
    """
    project, place = root.resolve(), (root / folder).resolve()
    if not place.is_relative_to(project):
        return False
    above = [place, *(parent for parent in place.parents if parent.is_relative_to(project))]
    return any(pointer_of(path).is_file() for path in above) or _is_in_git(project, place)


def _is_in_git(project: Path, place: Path) -> bool:
    """Return whether git tracks all files of a folder."""
    import subprocess

    command = ["git", "ls-files", "--others", "--directory", "--no-empty-directory", "--", str(place)]
    done = subprocess.run(command, cwd=project, capture_output=True, check=False)
    return done.returncode == 0 and not done.stdout and place.is_dir()
