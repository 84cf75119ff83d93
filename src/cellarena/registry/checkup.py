"""A release fetched and looked at before it is trusted: what is promoted or rolled back to passes here first."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cellarena.faults import IntegrityError
from cellarena.registry.artifacts import artifact_at
from cellarena.registry.fetching import fetch
from cellarena.registry.gates import Candidate, Check
from cellarena.registry.outputs import Output, outputs_at, outputs_below
from cellarena.registry.packages import read_package, refuse_changed
from cellarena.registry.packing import PACKED_SCORES
from cellarena.registry.proof import prove
from cellarena.registry.releases import Released
from cellarena.registry.repository import Repository


@dataclass(frozen=True)
class Examined:
    """What was found of a release.

    Attributes:
        checks: of its bytes, its loading and its predictions.
        candidate: what a gate judges; None for a data set.
    """

    checks: list[Check]
    candidate: Candidate | None


def outputs_of(repository: Repository, commit: str, name: str) -> tuple[str, list[Output]]:
    """Return the type of an artifact, and the outputs that it consists of at a commit.

    Raises:
        ValueError: if the commit has no such artifact, or nothing in DVC lies at its path.
    """
    artifact = artifact_at(repository, commit, name)
    outputs = [output for output in outputs_below(outputs_at(repository, commit), artifact.path) if output.is_cached]
    if not outputs:
        raise ValueError(
            f"{repository.address}: the artifact {name} is {artifact.path}, of which dvc.lock at {commit[:7]} knows "
            "nothing; run `dvc repro` and commit dvc.lock"
        )
    return artifact.type, outputs


def examine(repository: Repository, release: Released, folder: Path, agreement: float) -> Examined:
    """Fetch a release from the remote, whatever is here already, and look at it.

    Args:
        repository: that it was released in.
        release: to be examined.
        folder: that it is fetched into; not there yet.
        agreement: the share of the recorded objects that a model must find again.

    Raises:
        PartialError: if the remote lacks it or does not answer.
        IntegrityError: if the remote holds other bytes than promised.
        SecurityError: if it holds a file that would lie elsewhere.
        ValueError: if a model's package cannot be read.
    """
    kind, outputs = outputs_of(repository, release.commit, release.name)
    for output in outputs:
        fetch(repository, release.commit, output, folder / output.path)
    if kind != "model":
        n_files = sum(output.n_files for output in outputs)
        return Examined([Check("files", True, f"{n_files} files came with the md5 that dvc.lock promises")], None)
    (output,) = outputs
    package = read_package(folder / output.path)
    checks = prove(package, folder / output.path, agreement)
    passed = all(check.passed for check in checks)
    return Examined(checks, _candidate(release, folder / output.path) if passed else None)


def candidate_of(repository: Repository, release: Released, folder: Path, cache: Path) -> Candidate:
    """Return a release of a model as a gate judges it, the objects of a cache being used where they are there.

    Raises:
        IntegrityError: if a file of its package is not what package.json promises.
        PartialError: if neither the cache nor the remote holds it.
        ValueError: if its package cannot be read.
    """
    _, (output,) = outputs_of(repository, release.commit, release.name)
    fetch(repository, release.commit, output, folder, cache)
    refuse_changed(read_package(folder), folder)
    return _candidate(release, folder)


def refuse_failed(checks: Sequence[Check], what: str) -> None:
    """Do nothing if all checks passed.

    Raises:
        IntegrityError: if the release is not what it was.
        ValueError: if it is, but the stage does not take it.
    """
    failed = [check for check in checks if not check.passed]
    if not failed:
        return
    words = "; ".join(f"{check.name}: {check.words}" for check in failed)
    if any(check.name in {"files", "loads", "objects"} for check in failed):
        raise IntegrityError(f"{what}: refused; {words}")
    raise ValueError(f"{what}: refused; {words}")


def as_evidence(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Return checks as JSON types."""
    return [asdict(check) for check in checks]


def _candidate(release: Released, folder: Path) -> Candidate:
    return Candidate(str(release), read_package(folder), PACKED_SCORES.read(folder / "scores.csv"))
