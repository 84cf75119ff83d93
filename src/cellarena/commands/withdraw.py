"""The command withdraw: a release that must not be used any more, everywhere or in a stage."""

import click

from cellarena.registry.releases.completeness import fetch_releases, has_origin
from cellarena.registry.releases.names import parse_reference
from cellarena.registry.releases.pointers import withdraw_everywhere, withdraw_from
from cellarena.registry.releases.releases import resolve
from cellarena.releasing.releases import own_repository
from cellarena.shell.project import Project


@click.command()
@click.argument("release")
@click.option("--why", required=True, help="The reason, which everybody is told who asks for it.")
@click.pass_obj
def withdraw(project: Project, release: str, why: str) -> None:
    """Withdraw RELEASE, such as unet@v1.2.0, or what a stage holds, such as unet#prod.

    A release that is withdrawn is not segmented with, promoted or rolled back to; a stage that held it is empty until
    `cellarena rollback` or `promote` fills it. Its tag and its files stay. The reason is in a tag, which is pushed to
    origin.
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
        click.echo(f"{found.name}#{stage} is empty; `cellarena rollback {found.name} {stage}` puts back what was there "
                   "before", err=True)  # fmt: skip
    if not has_origin(repository):
        names = " ".join(f"'{tag}'" for tag in tags)
        click.echo(f"There is no remote `origin`; others learn of it after `git push REMOTE {names}`", err=True)
