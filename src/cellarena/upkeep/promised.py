"""What commits promise, for commands that read, repair or push it; that it is nothing is no success."""

from collections.abc import Sequence

import click

from cellarena.datasets.names import listed
from cellarena.faults import IntegrityError
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.integrity.promised_objects import promised_outputs
from cellarena.registry.repository.outputs import LeftAlone, Output, left_alone_at
from cellarena.registry.repository.repository import Repository


def promised(repository: Repository, named_commits: Sequence[NamedCommit]) -> dict[Output, list[NamedCommit]]:
    """Return what these commits promise and which of them do; what is left alone is said on standard error.

    Raises:
        IntegrityError: if they promise nothing.
        ValueError, SecurityError: as `promised_outputs`.
    """
    outputs = promised_outputs(repository, named_commits)
    if entries := left_alone(repository, named_commits):
        names = listed(f"{entry.path} ({entry.stage}: {entry.why})" for entry in entries)
        click.echo(f"left alone: {names}", err=True)
    if not outputs:
        names = listed([one.name for one in named_commits])
        raise IntegrityError(
            f"{repository.home}: nothing is promised: no dvc.lock and no .dvc file at {names} names an object; run it "
            "in the project's folder, and commit dvc.lock after `dvc repro`"
        )
    return outputs


def left_alone(repository: Repository, named_commits: Sequence[NamedCommit]) -> list[LeftAlone]:
    """Return what these commits track and keep no object of, sorted."""
    commits = {one.commit for one in named_commits}
    return sorted({entry for commit in commits for entry in left_alone_at(repository, commit)})
