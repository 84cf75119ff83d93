"""Two commits of a repository reviewed, and the review written."""

import re
import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pandas as pd
from pydantic import ValidationError

from cellarena.evaluation.comparing import Comparing
from cellarena.faults import IntegrityError, PartialError
from cellarena.files import write_bytes
from cellarena.layout import Layout
from cellarena.registry.repository.places import objects
from cellarena.registry.repository.repository import Repository
from cellarena.reporting.html import render_html
from cellarena.reporting.markdown import render_markdown
from cellarena.review.both_commits import Reviewed
from cellarena.review.changes import State, changes_of, state_of
from cellarena.review.contents import UNREAD_COLUMNS, Review, Side
from cellarena.review.page import review_document
from cellarena.review.reading import Reader
from cellarena.review.results import libraries_of, results_of
from cellarena.shell.running import fresh_folder

_FORM = "write BASE..HEAD, or BASE...HEAD to compare with where HEAD left BASE"
_DRAWN = re.compile(r"[0-9]+\.png")


def review_of(repository: Repository, revisions: str, scratch: Path, pictures: Path | None) -> Review:
    """Return the review of a change.

    Args:
        repository: of both commits; nothing is checked out.
        revisions: BASE..HEAD or BASE...HEAD.
        scratch: an empty folder that files are read by way of.
        pictures: the folder that the images which changed most are drawn into; None for none.

    Raises:
        ValueError: if there are no such commits, or nothing was ever made in them.
    """
    layout = Layout(Path())
    names, commits = _sides(repository, revisions)
    cache = objects(repository)
    reader = Reader(repository, cache, scratch)
    before, after = (state_of(reader, commit, layout) for commit in commits)
    if not before.outputs and not after.outputs:
        raise ValueError(f"{revisions}: dvc.lock names no output in either commit; run `dvc repro` and commit dvc.lock")
    changes = changes_of(repository, before, after, layout, cache)
    settings = _settings(after)
    reviewed = Reviewed(reader, before, after, layout, settings)
    results = results_of(reviewed, pictures)
    changes = replace(changes, libraries=libraries_of(reviewed))
    old, new = map(partial(_side, repository), names, commits)
    n_behind = int(repository.git("rev-list", "--count", f"{new.commit}..{old.commit}"))
    unread = pd.DataFrame(reader.unread, columns=UNREAD_COLUMNS)
    return Review(old, new, n_behind, settings, changes, results, unread)


def _side(repository: Repository, name: str, commit: str) -> Side:
    return Side(name, commit, repository.git("log", "-1", "--format=%s", commit).decode(errors="replace").strip())


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


def _settings(after: State) -> Comparing:
    """Return what the comparison rests on, as the later commit has it."""
    try:
        return Comparing.model_validate(after.params.get("compare"))
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, ("compare", *fault["loc"])))
        raise ValueError(f"params.yaml at {after.commit[:7]}: {where}: {fault['msg']}") from error


def write_html(found: Review, pictures: Path, path: Path) -> None:
    """Write a review as one HTML file, the pictures that lie in a folder within it."""
    document = review_document(found)
    write_bytes(render_html(document, lambda name: (pictures / name).read_bytes()).encode(), path)


def write_markdown(found: Review, pictures: Path, path: Path) -> None:
    """Write a review as Markdown, and its pictures into a folder beside it in the place of those of an earlier one.

    Raises:
        ValueError: if that folder holds anything else.
    """
    folder = path.with_name(f"{path.stem}_files")
    if folder.exists() and not all(_DRAWN.fullmatch(file.name) for file in folder.iterdir()):
        raise ValueError(f"{folder}: holds files that are no pictures of a review; name another file with -o")
    if found.results.pictures:
        with fresh_folder(folder) as fresh:
            shutil.copytree(pictures, fresh, dirs_exist_ok=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    linked = [replace(picture, path=f"{folder.name}/{picture.path}") for picture in found.results.pictures]
    document = review_document(replace(found, results=replace(found.results, pictures=linked)))
    write_bytes(render_markdown(document).encode(), path)


def refuse_doubtful(found: Review, revisions: str) -> None:
    """Do nothing if a review could tell all of what its stages made.

    Raises:
        IntegrityError: if results in git are not what their stage made.
        PartialError: if something could not be read.
    """
    if altered := found.changes.altered:
        raise IntegrityError(
            f"{revisions}: {len(altered)} result(s) in git are not what their stage made, among them "
            f"{', '.join(altered[:3])}: the review says so too; run `dvc repro` and commit what it makes with dvc.lock"
        )
    if n := len(found.unread):
        names = ", ".join(sorted(set(found.unread["path"]))[:3])
        raise PartialError(
            f"{n} file(s) could not be read, among them {names}: the review says which and why; `dvc pull` or "
            "`cellarena heal` may bring them"
        )
