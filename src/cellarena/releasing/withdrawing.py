"""Releases that must not be used any more, everywhere or in a stage."""

import click

from cellarena.registry.completeness import fetch_releases, has_origin
from cellarena.registry.names import parse_reference
from cellarena.registry.pointers import withdraw_everywhere, withdraw_from
from cellarena.registry.releases import resolve
from cellarena.releasing.workplace import own_repository
from cellarena.shell.project import Project


def taken_back(project: Project, release: str, why: str) -> None:
    """Withdraw a release, or what a stage holds, and say so.

    Raises:
        ValueError: if there is no reason, no such release, or it was withdrawn already.
    """
    reason = " ".join(why.split())
    if not reason:
        raise ValueError("--why is empty; say why the release must not be used")
    reference, repository = parse_reference(release), own_repository(project)
    if not (reference.version or reference.stage):
        raise ValueError(f"{release!r}: write which is withdrawn, {release}@v1.2.3 or {release}#STAGE")
    fetch_releases(repository)
    found = resolve(repository, reference)
    if reference.stage:
        tags = withdraw_from(repository, found, reference.stage, reason)
        click.echo(f"{found} is withdrawn from {reference.stage}: tag {tags[-1]}")
    else:
        tags = withdraw_everywhere(repository, found, reason)
        click.echo(f"{found} is withdrawn: tag {tags[0]}")
    for stage in [reference.stage] if reference.stage else found.stages:
        back = f"`cellarena rollback {found.name} {stage}` puts back what was there before"
        click.echo(f"{found.name}#{stage} is empty; {back}", err=True)
    if not has_origin(repository):
        names = " ".join(f"'{tag}'" for tag in tags)
        click.echo(f"There is no remote `origin`; others learn of it after `git push REMOTE {names}`", err=True)
