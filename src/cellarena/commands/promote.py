"""The command promote: a release is proved, judged, and put into a stage."""

from pathlib import Path

import click

from cellarena.registry.packages.checkup import as_evidence, candidate_of, examine, outputs_of, refuse_failed
from cellarena.registry.packages.gates import Candidate, judge
from cellarena.registry.releases.pointers import bring_up_to_date
from cellarena.registry.releases.releases import Released, holder_of, refuse_withdrawn, resolve
from cellarena.registry.repository.places import objects
from cellarena.registry.repository.repository import Repository
from cellarena.releasing.releases import (
    empty_folder,
    model_reference,
    own_repository,
    put_into_stage,
    show_checks,
)
from cellarena.shell.project import Project
from cellarena.status.pipeline import read_pipeline
from cellarena.status.staleness import refuse_stale_at, refuse_stale_here


@click.command()
@click.argument("release")
@click.argument("stage")
@click.pass_obj
def promote(project: Project, release: str, stage: str) -> None:
    """Put RELEASE, such as unet@v1.2.0, into STAGE, if it is proved and the stage's gate in params.yaml lets it pass.

    It is fetched from the remote into an empty folder; its bytes, its loading and the objects that it finds are
    checked; then coverage, licence, and that it is not worse than what the stage holds. What was found is committed,
    and pushed to origin together with the tag.
    """
    registry, repository = project.params.registry, own_repository(project)
    gate = registry.gate(stage)
    bring_up_to_date(repository)
    released = resolve(repository, model_reference(release))
    refuse_withdrawn(repository, released)
    if stage in released.stages:
        raise ValueError(f"{released} is in {stage} already")
    _refuse_stale(project, repository, released)
    with empty_folder() as folder:
        examined = examine(repository, released, folder / "candidate", registry.agreement)
        checks, holder = examined.checks, None
        if examined.candidate:
            holder = _holder(repository, released, stage, folder / "holder")
            checks = [*checks, *judge(examined.candidate, holder, gate, project.params.compare.confidence)]
    show_checks(checks)
    refuse_failed(checks, f"{released} to {stage}")
    evidence = {
        "release": str(released),
        "commit": released.commit,
        "stage": stage,
        "replaces": holder.label if holder else None,
        "gate": gate.model_dump(mode="json"),
        "checks": as_evidence(checks),
    }
    put_into_stage(project, repository, released, stage, evidence)


def _refuse_stale(project: Project, repository: Repository, released: Released) -> None:
    """A tag may be anybody's: what `release` asks of a commit is asked again, and of the working tree if it is that."""
    _, outputs = outputs_of(repository, released.commit, released.name)
    refuse_stale_at(repository, released.commit, outputs, objects(repository))
    if released.commit == repository.commit("HEAD"):
        pipeline = read_pipeline(project.layout.root)
        refuse_stale_here(pipeline, [Path(output.path) for output in outputs])


def _holder(repository: Repository, released: Released, stage: str, folder: Path) -> Candidate | None:
    """Return the release that is in the stage, None if no release is."""
    holder = holder_of(repository, released.name, stage)
    return candidate_of(repository, holder, folder, objects(repository)) if holder else None
