"""Releases put into a stage: each is proved first, and what was found is committed with the tag."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import click
from rich.console import Console

from cellarena.evaluation.comparing import Comparing
from cellarena.params.registry import Registry
from cellarena.registry.packages.checkup import as_evidence, candidate_of, examine, outputs_of, refuse_failed
from cellarena.registry.packages.conditions import Gate
from cellarena.registry.packages.gates import Check, judge
from cellarena.registry.releases.completeness import has_origin
from cellarena.registry.releases.names import Reference, artifact_name, parse_reference
from cellarena.registry.releases.pointers import bring_up_to_date, move
from cellarena.registry.releases.releases import (
    Released,
    holder_of,
    refuse_withdrawn,
    releases,
    resolve,
    stage_standing,
)
from cellarena.registry.releases.standings import Standing
from cellarena.registry.repository.places import objects
from cellarena.registry.repository.repository import Repository
from cellarena.releasing.workplace import empty_folder, own_repository
from cellarena.shell.project import Project
from cellarena.status.pipeline import read_pipeline
from cellarena.status.staleness import refuse_stale_at, refuse_stale_here


def put_forward(project: Project, release: str, stage: str) -> None:
    """Put a release into a stage if it is proved and the stage's gate lets it pass.

    Raises:
        ValueError: if the stage does not take it, it was withdrawn, or is there already.
        IntegrityError, PartialError, SecurityError: if it cannot be proved.
    """
    registry, repository = project.read(Registry, "registry"), own_repository(project)
    gate, confidence = registry.gate(stage), project.read(Comparing, "compare").confidence
    reference = parse_reference(release)
    if not reference.version:
        raise ValueError(f"{release!r} names no version; write NAME@v1.2.3, as `cellarena releases` lists them")
    bring_up_to_date(repository)
    released = resolve(repository, reference)
    refuse_withdrawn(repository, released)
    if stage in released.stages:
        raise ValueError(f"{released} is in {stage} already")
    _refuse_stale(project, repository, released)
    holder = holder_of(repository, released.name, stage)
    with empty_folder() as folder:
        examined = examine(repository, released, folder / "candidate", registry.agreement)
        checks = list(examined.checks)
        if examined.candidate:
            held = candidate_of(repository, holder, folder / "holder", objects(repository)) if holder else None
            checks += judge(examined.candidate, held, gate, confidence)
    _put(project, repository, released, stage, checks, holder, gate)


def put_back(project: Project, name: str, stage: str) -> None:
    """Put the release that a stage held before back into it, if it is proved; it may be worse.

    Raises:
        ValueError: if there is none to go back to.
        IntegrityError, PartialError, SecurityError: if it cannot be proved.
    """
    registry, repository = project.read(Registry, "registry"), own_repository(project)
    name = artifact_name(name)
    registry.gate(stage)
    bring_up_to_date(repository)
    standing = stage_standing(repository, name, stage)
    usable = {known.version for known in releases(repository) if known.name == name and not known.withdrawn}
    version = _previous(standing, usable, f"{name}#{stage}")
    released = resolve(repository, Reference(name, version=version))
    with empty_folder() as folder:
        checks = examine(repository, released, folder / "release", registry.agreement).checks
    _put(project, repository, released, stage, checks, holder_of(repository, name, stage), None)


def _put(
    project: Project, repository: Repository, released: Released, stage: str, checks: Sequence[Check],
    replaced: Released | None, gate: Gate | None,
) -> None:  # fmt: skip
    """Say what was found and, if nothing is wrong with it, move the stage's pointer; say where that is written down."""
    console = Console()
    for check in checks:
        mark = "[green]passed[/green]" if check.passed else "[red]failed[/red]"
        console.print(f"{mark} [bold]{check.name}[/bold] ", end="")
        console.print(check.words, markup=False, highlight=False)
    refuse_failed(checks, f"{released} to {stage}")
    evidence = {
        "release": str(released),
        "commit": released.commit,
        "stage": stage,
        "replaces": str(replaced) if replaced else None,
        "gate": gate and gate.model_dump(mode="json"),
        "checks": as_evidence(checks),
    }
    path = _unused_evidence(project, repository, released, stage)
    tag = move(repository, released, stage, evidence, path)
    click.echo(f"{released} is in {stage}: tag {tag}, evidence {path}")
    if not has_origin(repository):
        push = f"git push REMOTE HEAD '{released.tag}' '{tag}'"
        click.echo(f"There is no remote `origin`; others see it after `{push}`", err=True)


def _unused_evidence(project: Project, repository: Repository, released: Released, stage: str) -> Path:
    """Return the path of new evidence: what is there stays, even if the tag that it belongs to was removed."""
    numbered = (project.layout.evidence(str(released), stage, n) for n in count(1))
    return next(path for path in numbered if not (repository.folder / repository.inside(path)).exists())


def _refuse_stale(project: Project, repository: Repository, released: Released) -> None:
    """A tag may be anybody's: what `release` asks of a commit is asked again, and of the working tree if it is that."""
    _, outputs = outputs_of(repository, released.commit, released.name)
    refuse_stale_at(repository, released.commit, outputs, objects(repository))
    if released.commit == repository.commit("HEAD"):
        refuse_stale_here(read_pipeline(project.layout.root), [Path(output.path) for output in outputs])


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
