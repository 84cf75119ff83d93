"""Command review: what a pull request changes in data, parameters, code and results, and how sure that is."""

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import pandas as pd
from pydantic import ValidationError

from cellarena.evaluation.comparing import Comparing
from cellarena.faults import IntegrityError, PartialError
from cellarena.files import write_bytes
from cellarena.layout import Layout
from cellarena.registry.places import objects
from cellarena.registry.reading import Reader
from cellarena.registry.repository import Repository, open_repository
from cellarena.reporting.document import Document
from cellarena.reporting.html import render_html
from cellarena.reporting.markdown import render_markdown
from cellarena.reporting.review.contents import UNREAD_COLUMNS, Review, Side
from cellarena.reporting.review.document import review_document
from cellarena.reporting.review.verdict import verdict_sentence
from cellarena.reporting.text import render_text
from cellarena.review.changes import State, changes_of, state_of
from cellarena.review.results import Reviewed, libraries_of, results_of
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder

_FORM = "write BASE..HEAD, or BASE...HEAD to compare with where HEAD left BASE"
_DRAWN = re.compile(r"[0-9]+\.png")
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("revisions", metavar="BASE..HEAD")
@click.option("-o", "--output", type=_FILE, help="Write Markdown to this file; its figures go to a folder beside it.")
@click.option("--html", type=_FILE, help="Write one HTML file that needs nothing else.")
@click.pass_obj
def review(project: Project, revisions: str, output: Path | None, html: Path | None) -> None:
    """Review what changed between two commits: data, parameters, code, runs, and results with their statistics.

    Only git and DVC's storage are read, nothing is checked out. Without -o and --html the review is printed.
    """
    repository = open_repository(str(project.layout.root), project.layout.root)
    with tempfile.TemporaryDirectory(prefix="cellarena-review-") as scratch:
        pictures = Path(scratch) / "pictures"
        pictures.mkdir()
        found = _review(repository, revisions, Path(scratch), pictures if output or html else None)
        _write(found, pictures, output, html)
    if altered := found.changes.altered:
        raise IntegrityError(
            f"{revisions}: {len(altered)} result(s) in git are not what their stage made, among them "
            f"{', '.join(altered[:3])}: the review says so too; run `dvc repro` and commit what it makes with dvc.lock"
        )
    if not found.unread.empty:
        names = ", ".join(sorted(set(found.unread["path"]))[:3])
        raise PartialError(
            f"{len(found.unread)} file(s) could not be read, among them {names}: the review says which and why; "
            "`dvc pull` or `cellarena heal` may bring them"
        )


def _review(repository: Repository, revisions: str, scratch: Path, pictures: Path | None) -> Review:
    layout = Layout(Path())
    names, commits = _sides(repository, revisions)
    before, after = (state_of(repository, commit, layout) for commit in commits)
    if not before.outputs and not after.outputs:
        raise ValueError(f"{revisions}: dvc.lock names no output in either commit; run `dvc repro` and commit dvc.lock")
    cache = objects(repository)
    changes = changes_of(repository, before, after, layout, cache)
    settings, floor = _settings(after)
    reader = Reader(repository, cache, scratch)
    reviewed = Reviewed(reader, before, after, layout, settings, floor)
    results = results_of(reviewed, pictures)
    changes = replace(changes, libraries=libraries_of(reviewed))
    sides = [Side(name, c, _subject(repository, c)) for name, c in zip(names, commits, strict=True)]
    n_behind = int(repository.git("rev-list", "--count", f"{commits[1]}..{commits[0]}"))
    unread = pd.DataFrame([(u.path, u.commit, u.reason) for u in reader.unread], columns=UNREAD_COLUMNS)
    return Review(sides[0], sides[1], n_behind, settings, changes, results, unread)


def _sides(repository: Repository, revisions: str) -> tuple[list[str], list[str]]:
    """Return what the user calls the two commits, and their hashes."""
    base, dots, head = re.fullmatch(r"(.*?)(\.{2,3}|$)(.*)", revisions, re.DOTALL).groups()  # type: ignore[union-attr]
    if not (base and dots and head) or head.startswith("."):
        raise ValueError(f"{revisions!r} names no two commits; {_FORM}")
    commits = [repository.commit(base), repository.commit(head)]
    if dots == "...":
        try:
            commits[0] = repository.git("merge-base", *commits).decode().strip()
        except ValueError as error:
            raise ValueError(f"{revisions!r}: {base} and {head} have no commit in common") from error
        base = f"where {head} left {base}"
    return [base, head], commits


def _settings(after: State) -> tuple[Comparing, str]:
    """Return what the comparison rests on and the model that is not learned, as the later commit has them."""
    where = f"params.yaml at {after.commit[:7]}"
    try:
        settings = Comparing.model_validate(after.params.get("compare"))
    except ValidationError as error:
        fault = error.errors()[0]
        raise ValueError(f"{where}: {'.'.join(map(str, ('compare', *fault['loc'])))}: {fault['msg']}") from error
    benchmark: Any = after.params.get("benchmark")
    return settings, str(benchmark.get("floor", "")) if isinstance(benchmark, Mapping) else ""


def _subject(repository: Repository, commit: str) -> str:
    return repository.git("log", "-1", "--format=%s", commit).decode(errors="replace").strip()


def _write(found: Review, pictures: Path, output: Path | None, html: Path | None) -> None:
    if html:
        document = review_document(found)
        write_bytes(render_html(document, lambda name: (pictures / name).read_bytes()).encode(), html)
    if output:
        folder = output.with_name(f"{output.stem}_files")
        _replace_pictures(pictures, folder)
        write_bytes(render_markdown(_with_pictures_in(found, folder.name)).encode(), output)
    if output or html:
        click.echo(verdict_sentence(found))
    else:
        click.echo(render_text(review_document(found)), nl=False)


def _with_pictures_in(found: Review, folder: str) -> Document:
    pictures = [replace(picture, path=f"{folder}/{picture.path}") for picture in found.results.pictures]
    return review_document(replace(found, results=replace(found.results, pictures=pictures)))


def _replace_pictures(pictures: Path, folder: Path) -> None:
    """Put the pictures into a folder beside the Markdown, in the place of those of an earlier review."""
    if folder.exists() and not all(_DRAWN.fullmatch(path.name) for path in folder.iterdir()):
        raise ValueError(f"{folder}: holds files that are no pictures of a review; name another file with -o")
    drawn = sorted(pictures.iterdir())
    if not drawn:
        shutil.rmtree(folder, ignore_errors=True)
        return
    with fresh_folder(folder) as fresh:
        for path in drawn:
            shutil.copyfile(path, fresh / path.name)
