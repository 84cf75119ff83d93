"""What was released, where it stands, and how good it is."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cellarena.faults import PartialError
from cellarena.registry.integrity.promised_objects import parse_listing
from cellarena.registry.integrity.storage import Storage
from cellarena.registry.packages.messages import facts_of, score_words
from cellarena.registry.releases.releases import Released
from cellarena.reporting.tables import UNDEFINED
from cellarena.shell.project import Project
from cellarena.shell.storages import DEFAULT, storages

_COLUMNS = ("release", "stages", "F1 [interval]", "images", "data", "commit", "age", "on the remote")


def entries_of(project: Project, chosen: Sequence[Released]) -> list[dict[str, Any]]:
    """Return what is known of releases as JSON types, in their order."""
    there = _on_remote(project, chosen)
    return [_entry(release, state) for release, state in zip(chosen, there, strict=True)]


def print_releases(entries: list[dict[str, Any]]) -> None:
    """Print a table of releases, and below it why those that were withdrawn were."""
    table = Table(box=None)
    for column in _COLUMNS:
        table.add_column(column, no_wrap=True)
    for entry in entries:
        table.add_row(*_cells(entry))
    Console(width=max(120, Console().width)).print(table)
    for entry in entries:
        if entry["withdrawn"]:
            click.echo(f"{entry['name']}@{entry['version']} was withdrawn: {entry['withdrawn']}")


def _on_remote(project: Project, chosen: Sequence[Released]) -> list[str]:
    """Return of each release whether the default remote has all of it: yes, in part, no, or unknown."""
    if not chosen:
        return []
    try:
        with storages(project, DEFAULT) as places:
            assert places.remote
            names = places.remote.names()
            return [_state(facts_of(release.message).get("md5"), names, places.remote) for release in chosen]
    except (PartialError, ValueError) as error:
        click.echo(f"The remote cannot be asked: {error}", err=True)
        return ["unknown"] * len(chosen)


def _state(promised: Any, names: set[str], remote: Storage) -> str:
    if not isinstance(promised, dict) or not promised:
        return "unknown"
    tops = {str(md5) for md5 in promised.values()}
    if not tops & names:
        return "no"
    listings = [parse_listing(remote.read(top), top) for top in tops & names if top.endswith(".dir")]
    files = {md5 for listing in listings for md5 in listing.values()}
    return "yes" if tops | files <= names else "in part"


def _entry(release: Released, on_remote: str) -> dict[str, Any]:
    facts = facts_of(release.message)
    return {
        "name": release.name,
        "version": release.version,
        "stages": list(release.stages),
        **{fact: facts.get(fact) for fact in ("score", "data", "md5", "licence")},
        "commit": release.commit,
        "on_remote": on_remote,
        "created": release.created.isoformat(),
        "withdrawn": release.withdrawn or None,
    }


def _cells(entry: dict[str, Any]) -> tuple[str, ...]:
    score = entry["score"] or {}
    return (
        f"{entry['name']}@{entry['version']}",
        "withdrawn" if entry["withdrawn"] else ", ".join(entry["stages"]) or UNDEFINED,
        score_words(score),
        str(score.get("n_covered", UNDEFINED)),
        str(entry["data"] or UNDEFINED)[:7],
        entry["commit"][:7],
        _age(datetime.fromisoformat(entry["created"])),
        entry["on_remote"],
    )


def _age(created: datetime) -> str:
    """Return how long ago something was, in the largest unit that it fills."""
    seconds = (datetime.now(UTC) - created).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"
