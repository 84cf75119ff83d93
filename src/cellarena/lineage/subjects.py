"""Finding what a user asks the lineage of: a release, a label image, or an output of the pipeline."""

import os
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from cellarena.faults import IntegrityError, PartialError
from cellarena.images.io import TIFF_SUFFIXES, file_sha256, read_image
from cellarena.images.origins import FromRelease, Origin, labels_sha256, read_origin
from cellarena.lineage.answers import Lineage, Subject
from cellarena.lineage.comparison import Comparison, compare, not_compared
from cellarena.lineage.tracing import trace
from cellarena.records import Run
from cellarena.registry.opening import fetched_package, output_of
from cellarena.registry.packages.package import Package, read_package, refuse_changed
from cellarena.registry.releases.artifacts import artifact_at
from cellarena.registry.releases.names import Reference, parse_reference
from cellarena.registry.releases.releases import Released, resolve
from cellarena.registry.repository.locked import LockedFile, LockedStage, chain, locked_stages, maker
from cellarena.registry.repository.repository import Repository


@dataclass(frozen=True)
class Answer:
    """A lineage, and what is to be said after it: that a part is missing, or that bytes changed."""

    lineage: Lineage
    problem: PartialError | IntegrityError | None = None


def lineage_of(repository: Repository, asked: str) -> Answer:
    """Return the lineage of what a user asks for.

    Args:
        repository: to look in; whatever a file claims is compared with it.
        asked: NAME@VERSION, NAME#STAGE or NAME of a release; the path of a label image, or of an output.

    Raises:
        ValueError: if there is no such thing, or it has no origin.
        IntegrityError: if a label image claims what the repository denies.
    """
    path = Path(asked)
    if path.is_file() and path.suffix.lower() in TIFF_SUFFIXES and (origin := read_origin(path)):
        return _of_prediction(repository, asked, path, origin)
    if not path.exists() and (reference := _reference(asked)):
        return _of_release(repository, Subject(asked, "release", "", release=resolve(repository, reference)))
    return _of_output(repository, asked)


def _reference(asked: str) -> Reference | None:
    """Return the release that is meant, None if it is a path: a name has no slash and no dot but in its version."""
    if "/" in asked or ("." in asked and not set("@#") & set(asked)):
        return None
    return parse_reference(asked)


def _of_release(repository: Repository, subject: Subject) -> Answer:
    """Return the lineage of a release that the subject names, whatever else the subject is."""
    assert subject.release  # as the callers resolved it
    release = subject.release
    artifact = artifact_at(repository, release.commit, release.name)
    package, problem = _package(repository, release) if artifact.type == "model" else (None, None)
    run = Run.parse(package.run) if package else None
    subject = replace(subject, commit=release.commit, package=package, run=run)
    made = _made(repository, release.commit, artifact.path)
    return Answer(trace(repository, subject, made), problem)


def _made(repository: Repository, commit: str, path: str) -> list[LockedStage]:
    """Return the stage that made an output and all that it rests on; of one that was added, the file that says so."""
    stages = locked_stages(repository, commit)
    output = output_of(repository, commit, path)
    if output.stage in stages:
        return chain(stages, stages[output.stage])
    return [LockedStage(name=output.stage, outs=(LockedFile(path=path, md5=output.md5),))]


def _package(repository: Repository, release: Released) -> tuple[Package | None, PartialError | None]:
    try:
        with fetched_package(repository, release) as (folder, _):
            package = read_package(folder)
            refuse_changed(package, folder)
            return package, None
    except (PartialError, FileNotFoundError) as error:
        return None, PartialError(f"run, licence, score, libraries and training are missing: {error}")


def _of_output(repository: Repository, asked: str) -> Answer:
    commit = repository.commit("HEAD")
    stages = locked_stages(repository, commit)
    path = _relative(repository, asked)
    stage, out = maker(stages, path)
    comparison = _compared(repository, commit, path, out)
    subject = Subject(asked, "output", commit, run=stage.run, comparison=comparison)
    return Answer(trace(repository, subject, chain(stages, stage)), _changed(comparison, stage))


def _of_prediction(repository: Repository, asked: str, path: Path, origin: Origin) -> Answer:
    is_same = labels_sha256(read_image(path)) == origin.labels_sha256
    subject = Subject(asked, "prediction", "", origin=origin, labels_unchanged=is_same)
    answer = _of_its_release(repository, subject, origin, origin.release) if origin.release else None
    answer = answer or _of_its_run(repository, subject, origin, path)
    if is_same:
        return answer
    return replace(answer, problem=IntegrityError(f"{path}: its labels were changed since {origin.software} wrote it"))


def _of_its_release(repository: Repository, subject: Subject, origin: Origin, claimed: FromRelease) -> Answer:
    name = f"{claimed.name}@{claimed.version}"
    try:
        release = resolve(repository, Reference(claimed.name, version=claimed.version))
    except ValueError as error:
        where = (
            f"; name that with --repo: {claimed.address}" if claimed.address else "; name its repository with --repo"
        )
        raise ValueError(f"{subject.asked}: says that {name} made it, but {error}{where}") from error
    path = artifact_at(repository, release.commit, release.name).path
    md5 = output_of(repository, release.commit, path).md5
    if (release.commit, md5) != (claimed.commit, claimed.md5):
        raise IntegrityError(
            f"{subject.asked}: says that {name} made it, of commit {claimed.commit[:7]} and md5 {claimed.md5}; "
            f"here it is of {release.commit[:7]} and {md5}"
        )
    answer = _of_release(repository, replace(subject, release=release))
    package = answer.lineage.package
    if package and (package.run, package.weights) != (origin.run, origin.weights):
        raise IntegrityError(f"{subject.asked}: says that other weights made it than those of {name}")
    return answer


def _of_its_run(repository: Repository, subject: Subject, origin: Origin, path: Path) -> Answer:
    commit = repository.commit("HEAD")
    stages = locked_stages(repository, commit)
    for stage in stages.values():
        for out in stage.outs:
            if PurePosixPath(out.path).parts[-2:] == ("predictions", origin.run):
                _refuse_other_weights(repository, subject.asked, stage, origin)
                comparison = _comparison_of_file(repository, commit, path, out)
                subject = replace(subject, commit=commit, run=Run.parse(origin.run), comparison=comparison)
                problem = _changed(comparison, stage)
                return Answer(trace(repository, subject, chain(stages, stage)), problem)
    raise ValueError(
        f"{subject.asked}: says that the run {origin.run} made it; dvc.lock of {repository.address} has no such run, "
        "name the right repository with --repo"
    )


def _comparison_of_file(repository: Repository, commit: str, path: Path, out: LockedFile) -> Comparison | None:
    """Return the comparison of a label image that lies where its stage wrote it, None for a copy elsewhere."""
    clone = _clone(repository)
    there = _lying_in(clone, path) if clone else None
    if there is None or not there.is_relative_to(out.path):
        return None
    return _compared(repository, commit, _relative(repository, str(path)), out)


def _refuse_other_weights(repository: Repository, asked: str, stage: LockedStage, origin: Origin) -> None:
    """The checkpoints of a clone tell whether they made a label image, as far as they are there."""
    clone = _clone(repository)
    folders = {PurePosixPath(dep.path).name: dep.path for dep in stage.deps}
    for name, sha256 in origin.weights.items():
        run, _, file = name.partition("/")
        here = clone / folders[run] / file if clone and run in folders else None
        if here and here.is_file() and file_sha256(here) != sha256:
            raise IntegrityError(
                f"{asked}: says that {name} of sha256 {sha256[:12]}... made it, {here} is another; "
                "`git checkout` and `dvc checkout` the commit that made it"
            )


def _compared(repository: Repository, commit: str, path: str, out: LockedFile) -> Comparison:
    repository.refuse_escape(commit, out.path)
    clone = _clone(repository)
    return compare(clone, path, out) if clone else not_compared(path, out)


def _changed(comparison: Comparison | None, stage: LockedStage) -> IntegrityError | None:
    if comparison is None or comparison.state != "changed":
        return None
    return IntegrityError(
        f"{comparison.path}: is not what stage {stage.name} made as dvc.lock of the last commit records it; "
        "`dvc checkout` or `dvc repro`, and commit dvc.lock"
    )


def _clone(repository: Repository) -> Path | None:
    """Return the working tree of a repository on this machine."""
    return repository.home if repository.home and (repository.home / ".dvc").is_dir() else None


def _relative(repository: Repository, asked: str) -> str:
    """Return a path relative to the repository's root.

    Raises:
        ValueError: if it lies outside.
    """
    clone = _clone(repository)
    if clone and (there := _lying_in(clone, Path(asked))):
        return there.as_posix()
    if Path(asked).is_absolute() or (clone and Path(asked).exists()):
        raise ValueError(f"{asked}: has no origin: it lies outside {repository.address} and says nothing of itself")
    return PurePosixPath(asked).as_posix()


def _lying_in(clone: Path, path: Path) -> Path | None:
    """Return a path relative to a clone, None if it lies outside; a link of DVC's into a cache lies where it is."""
    # Not resolved: a link leads away from where it lies.
    for there in (Path(os.path.normpath(Path.cwd() / path)), path.parent.resolve() / path.name):
        for place in (there, *there.parents):
            if place.resolve() == clone:
                return there.relative_to(place)
    return None
