"""The command rollback: a stage gets back the release that it held before, which is proved first."""

import click

from cellarena.registry.checkup import as_evidence, examine, refuse_failed
from cellarena.registry.names import Reference, artifact_name
from cellarena.registry.pointers import bring_up_to_date
from cellarena.registry.releases import holder_of, releases, resolve, stage_standing
from cellarena.registry.standings import Standing
from cellarena.releasing.releases import empty_folder, own_repository, put_into_stage, show_checks
from cellarena.shell.project import Project


@click.command()
@click.argument("name")
@click.argument("stage")
@click.pass_obj
def rollback(project: Project, name: str, stage: str) -> None:
    """Put the release of NAME that was in STAGE before back into it.

    It is fetched from the remote and proved as for a promotion; that it may be worse is no reason to refuse it. One
    that was withdrawn is passed over. The history keeps both.
    """
    registry, repository, name = project.params.registry, own_repository(project), artifact_name(name)
    registry.gate(stage)
    bring_up_to_date(repository)
    standing = stage_standing(repository, name, stage)
    usable = {known.version for known in releases(repository) if known.name == name and not known.withdrawn}
    version = _previous(standing, usable, f"{name}#{stage}")
    released, replaced = resolve(repository, Reference(name, version=version)), holder_of(repository, name, stage)
    with empty_folder() as folder:
        checks = examine(repository, released, folder / "release", registry.agreement).checks
    show_checks(checks)
    refuse_failed(checks, f"{released} back to {stage}")
    evidence = {
        "release": str(released),
        "commit": released.commit,
        "stage": stage,
        "replaces": str(replaced) if replaced else None,
        "gate": None,
        "checks": as_evidence(checks),
    }
    put_into_stage(project, repository, released, stage, evidence)


def _previous(standing: Standing, usable: set[str], where: str) -> str:
    """Return the version that a stage held before the one that is in it; going back twice goes further back.

    Args:
        standing: of the stage.
        usable: the versions that were not withdrawn.
        where: the stage, for the message.
    """
    held: list[str] = []
    for entry in standing.history:
        if entry.version in held:
            del held[held.index(entry.version) + 1 :]
        else:
            held.append(entry.version)
    # Where the stage is empty, it is the last one that was taken out.
    before = held[: held.index(standing.current)] if standing.current in held else held[:-1]
    left = [version for version in before if version in usable and version not in standing.withdrawn]
    if not left:
        told = ", ".join(held) or "no release"
        gone = [version for version in before if version not in left]
        why = f", of which {', '.join(gone)} was withdrawn" if gone else ""
        raise ValueError(f"{where}: nothing to go back to, it held {told}{why}; promote another release")
    return left[-1]
