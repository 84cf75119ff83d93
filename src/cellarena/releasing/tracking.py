"""Folders that DVC keeps by a file beside them, NAME.dvc, as `dvc add` does."""

from pathlib import Path

from cellarena.layout import Layout


def track(layout: Layout, folder: Path) -> None:
    """Give a folder to DVC, as it is now.

    Raises:
        ValueError: if DVC does not take it, or would not find it again.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo
    from dvc.scm import SCMError

    try:
        with Repo(str(layout.root)) as repo:
            # What to commit is said at the end, with all that goes with it.
            repo.scm_context.quiet = True
            (stage,) = repo.add(str(folder))
            repo._reset()  # noqa: SLF001  # DVC offers no other way to look at what is there now
            seen = {known.path for known in repo.index.stages}
    except (DvcException, SCMError) as error:
        raise ValueError(f"{folder}: DVC does not take it ({' '.join(str(error).split())})") from error
    if stage.path not in seen:
        raise ValueError(
            f"{folder}.dvc: .gitignore hides the folder {folder.parent} from DVC, so that no other clone would get it; "
            f"write /{folder.parent.as_posix()}/?* there for /{folder.parent.as_posix()}/*"
        )


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
    return any(path.with_name(f"{path.name}.dvc").is_file() for path in above) or _is_in_git(project, place)


def _is_in_git(project: Path, place: Path) -> bool:
    """Return whether git tracks all files of a folder."""
    import subprocess

    command = ["git", "ls-files", "--others", "--directory", "--no-empty-directory", "--", str(place)]
    done = subprocess.run(command, cwd=project, capture_output=True, check=False)
    return done.returncode == 0 and not done.stdout and place.is_dir()
