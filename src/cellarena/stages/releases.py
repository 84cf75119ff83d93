"""The command releases: what was released, where it stands, and how good it is."""

import json
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from cellarena.registry import releases as registry
from cellarena.registry.messages import facts_of, score_words
from cellarena.registry.names import checked_name
from cellarena.registry.releases import Released
from cellarena.stages._project import Project
from cellarena.stages._releases import own_repository

_COLUMNS = ("release", "stages", "F1 [interval]", "images", "data", "commit", "age")


@click.command()
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print it for scripts.")
@click.pass_obj
def releases(project: Project, name: str | None, as_json: bool) -> None:
    """List all releases, or those of the artifact NAME, the newest of each first.

    F1 is that of the test images at its commit, so that releases with other data are not to be compared by it.
    """
    found = registry.releases(own_repository(project))
    entries = [_entry(release) for release in found if name is None or release.name == checked_name(name)]
    if as_json:
        click.echo(json.dumps(entries, indent=2, sort_keys=True))
        return
    if not entries:
        click.echo("Nothing was released yet; `cellarena release NAME` does it.")
        return
    table = Table(*_COLUMNS, box=None)
    for entry in entries:
        table.add_row(*_cells(entry))
    Console().print(table)


def _entry(release: Released) -> dict[str, Any]:
    facts = facts_of(release.message)
    return {
        "name": release.name,
        "version": release.version,
        "stages": list(release.stages),
        "score": facts.get("score"),
        "data": facts.get("data"),
        "md5": facts.get("md5"),
        "licence": facts.get("licence"),
        "commit": release.commit,
        "created": release.created.isoformat(),
    }


def _cells(entry: dict[str, Any]) -> tuple[str, ...]:
    score = entry["score"] or {}
    return (
        f"{entry['name']}@{entry['version']}",
        ", ".join(entry["stages"]) or "\N{EN DASH}",
        score_words(score),
        str(score.get("n_covered", "\N{EN DASH}")),
        str(entry["data"] or "\N{EN DASH}")[:7],
        entry["commit"][:7],
        _age(datetime.fromisoformat(entry["created"])),
    )


def _age(created: datetime) -> str:
    """Return how long ago something was, in the largest unit that it fills."""
    seconds = (datetime.now(UTC) - created).total_seconds()
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{int(seconds // length)} {unit}"
    return f"{max(0, int(seconds))} s"
