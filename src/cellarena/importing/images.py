"""A folder of annotated images becomes part of the project, for its other clones too."""

import re
import shutil
from pathlib import Path

from rich.console import Console

from cellarena.datasets.reading.inventory import show
from cellarena.datasets.reading.surveys import survey
from cellarena.datasets.reading.trees import list_tree
from cellarena.datasets.sources.spec import Acquisition
from cellarena.files import write_bytes
from cellarena.layout import Layout
from cellarena.params.writing import with_values
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder
from cellarena.shell.tracking import refuse_taken, track, tracked_or_gone


def taken_in(project: Project, folder: Path, name: str | None, licence: str | None) -> tuple[Path, int]:
    """Check a folder as the stage acquire does, copy it into the inbox, track it and name it in params.yaml.

    Args:
        project: to be added to.
        folder: of images and annotations; one in the inbox is tracked where it lies.
        name: in the inbox; None for the folder's own.
        licence: of the images; None for what params.yaml says.

    Returns:
        Where they are now, and how many images.

    Raises:
        ValueError: if the stage could not read it, or something is in its place.
    """
    layout = project.layout
    text = layout.params.read_text(encoding="utf-8")
    found = survey(folder, project.read(Acquisition, "acquire"))
    show(found, Console(stderr=True))
    target = _place(layout, folder, name)
    values = {"source": "folder", "root": target.as_posix()} | ({"licence": licence} if licence else {})
    changed = with_values(text, "acquire", values)
    if folder.resolve() == target.resolve():
        track(layout, target)
    else:
        _copy_and_track(layout, folder, target)
    write_bytes(changed.encode(), layout.params)
    return target, len(found.ids)


def _place(layout: Layout, folder: Path, name: str | None) -> Path:
    """Return where a folder's images go.

    Raises:
        ValueError: if something is there, or the name cannot be that of a folder everywhere.
    """
    inside = folder.resolve().parent == layout.inbox.resolve()
    chosen = name or (folder.resolve().name if folder.resolve() != layout.inbox.resolve() else "images_added")
    if not re.fullmatch(r"[\w][\w .-]*", chosen) or chosen.endswith((".", " ", ".dvc", ".partial")):
        raise ValueError(f"{chosen!r} cannot name a folder everywhere; give --name, with letters, digits, - and _")
    target = layout.inbox / chosen
    if inside and target.resolve() == folder.resolve():
        return target
    refuse_taken(target, f"give another --name, or put the images there and run `cellarena add {target}`")
    return target


def _copy_and_track(layout: Layout, folder: Path, target: Path) -> None:
    """Copy what the source `folder` sees, and give it to DVC."""
    with tracked_or_gone(target):
        with fresh_folder(target) as fresh:
            for path in _files(layout, folder):
                (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / path, fresh / path)
        track(layout, target)


def _files(layout: Layout, folder: Path) -> list[str]:
    """Return the files to copy: of the inbox itself none that belong to it, or to what was added before."""
    files = list_tree(folder)
    if folder.resolve() != layout.inbox.resolve():
        return files
    added = {path.stem for path in layout.inbox.glob("*.dvc")}
    return [path for path in files if not path.endswith((".md", ".dvc")) and path.split("/")[0] not in added]
