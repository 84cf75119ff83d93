"""The command add: a folder of annotated images becomes part of the project, for its other clones too."""

import re
import shutil
from pathlib import Path

import click
from rich.console import Console

from cellarena.datasets import surveys
from cellarena.datasets.trees import list_tree
from cellarena.files import write_bytes
from cellarena.layout import Layout
from cellarena.params.writing import with_values
from cellarena.releasing.tracking import track
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--name", help="What it is called in inbox/ [the folder's own name].")
@click.option("--licence", help="Of the images, as in SPDX; what params.yaml says if it is left out.")
@click.pass_obj
def add(project: Project, folder: Path, name: str | None, licence: str | None) -> None:
    """Bring annotated images into the project, where queued experiments and other clones find them.

    FOLDER is checked as the stage acquire does, copied to inbox/NAME and tracked by DVC; params.yaml then names it as
    acquire.root. A folder that is in inbox/ already is tracked where it lies, and again when its content changed.
    """
    layout = project.layout
    text = layout.params.read_text(encoding="utf-8")
    survey = surveys.survey(folder, project.params.acquire)
    surveys.show(survey, Console(stderr=True))
    target = _place(layout, folder, name)
    values = {"source": "folder", "root": target.as_posix()} | ({"licence": licence} if licence else {})
    changed = with_values(text, "acquire", values)
    if folder.resolve() == target.resolve():
        track(layout, target)
    else:
        _copy_and_track(layout, folder, target)
    write_bytes(changed.encode(), layout.params)
    click.echo(f"{len(survey.ids)} images are in {target}, tracked by {target}.dvc; params.yaml names them")
    click.echo(f"Commit them: git add params.yaml {target}.dvc && git commit; then `dvc repro`, and `cellarena sync` "
               "for the other clones", err=True)  # fmt: skip


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
    for taken in (target, target.with_name(f"{target.name}.dvc")):
        if taken.exists():
            raise ValueError(
                f"{taken}: is there already; give another --name, or put the images there and run "
                f"`cellarena add {target}`"
            )
    return target


def _copy_and_track(layout: Layout, folder: Path, target: Path) -> None:
    """Copy what the source `folder` sees, and give it to DVC; if that fails, nothing of it is left."""
    try:
        with fresh_folder(target) as fresh:
            for path in _files(layout, folder):
                (fresh / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / path, fresh / path)
        track(layout, target)
    except BaseException:
        shutil.rmtree(target, ignore_errors=True)
        target.with_name(f"{target.name}.dvc").unlink(missing_ok=True)
        raise


def _files(layout: Layout, folder: Path) -> list[str]:
    """Return the files to copy: of the inbox itself none that belong to it, or to what was added before."""
    files = list_tree(folder)
    if folder.resolve() != layout.inbox.resolve():
        return files
    added = {path.stem for path in layout.inbox.glob("*.dvc")}
    return [path for path in files if not path.endswith((".md", ".dvc")) and path.split("/")[0] not in added]
