"""The command rollback: a stage gets back the release that it held before, which is proved first."""

import click

from cellarena.registry.checkup import as_evidence, examine, refuse_failed
from cellarena.registry.names import Reference, checked_name
from cellarena.registry.pointers import bring_up_to_date
from cellarena.registry.releases import Assignment, resolve, stage_history
from cellarena.stages._project import Project
from cellarena.stages._releases import empty_folder, own_repository, put_into_stage, show_checks


@click.command()
@click.argument("name")
@click.argument("stage")
@click.pass_obj
def rollback(project: Project, name: str, stage: str) -> None:
    """Put the release of NAME that was in STAGE before back into it.

    It is fetched from the remote and proved as for a promotion; that it may be worse is no reason to refuse it. The
    history keeps both.
    """
    registry, repository = project.params.registry, own_repository(project)
    registry.gate(stage)
    bring_up_to_date(repository)
    version = _previous(stage_history(repository, checked_name(name), stage), name, stage)
    released = resolve(repository, Reference(name, version=version))
    with empty_folder() as folder:
        checks = examine(repository, released, folder / "release", registry.agreement).checks
    show_checks(checks)
    refuse_failed(checks, f"{released} back to {stage}")
    replaced = resolve(repository, Reference(name, stage=stage))
    evidence = {
        "release": str(released),
        "commit": released.commit,
        "stage": stage,
        "replaces": str(replaced),
        "gate": None,
        "checks": as_evidence(checks),
    }
    put_into_stage(project, repository, released, stage, evidence)


def _previous(history: list[Assignment], name: str, stage: str) -> str:
    """Return the version that was in a stage before the one that is in it; going back twice goes further back."""
    held: list[str] = []
    for entry in history:
        if entry.version in held:
            del held[held.index(entry.version) + 1 :]
        else:
            held.append(entry.version)
    if len(held) < 2:
        raise ValueError(f"{name} was in {stage} in {len(held)} version{'s' * (len(held) != 1)}: nothing to go back to")
    return held[-2]
