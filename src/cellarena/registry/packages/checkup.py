"""A release fetched and looked at before it is trusted: what is promoted or rolled back to passes here first."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cellarena.faults import IntegrityError
from cellarena.registry.fetching import fetch
from cellarena.registry.packages.gates import Candidate, Check
from cellarena.registry.packages.package import read_package, refuse_changed
from cellarena.registry.packages.packing import PACKED_SCORES
from cellarena.registry.packages.proof import prove
from cellarena.registry.releases.artifacts import artifact_at
from cellarena.registry.releases.releases import Released
from cellarena.registry.repository.outputs import Output, outputs_at, outputs_below
from cellarena.registry.repository.repository import Repository


@dataclass(frozen=True)
class Examined:
    """What was found of a release's bytes, loading and predictions; and what a gate judges, None for a data set."""

    checks: list[Check]
    candidate: Candidate | None


def outputs_of(repository: Repository, commit: str, name: str) -> tuple[str, list[Output]]:
    """Return the type of an artifact and the outputs that it is at a commit; a ValueError if DVC knows none there."""
    artifact = artifact_at(repository, commit, name)
    outputs = [output for output in outputs_below(outputs_at(repository, commit), artifact.path) if output.is_cached]
    if not outputs:
        raise ValueError(
            f"{repository.address}: the artifact {name} is {artifact.path}, of which dvc.lock at {commit[:7]} knows "
            "nothing; run `dvc repro` and commit dvc.lock"
        )
    return artifact.type, outputs


def examine(repository: Repository, release: Released, folder: Path, agreement: float) -> Examined:
    """Fetch a release from the remote into a folder that is not there yet, whatever is here already, and look at it.

    A model must find again that share of the recorded objects.

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
    checks = prove(read_package(folder / output.path), folder / output.path, agreement)
    passed = all(check.passed for check in checks)
    return Examined(checks, _candidate(release, folder / output.path) if passed else None)


def candidate_of(repository: Repository, release: Released, folder: Path, cache: Path) -> Candidate:
    """Return a model's release as a gate judges it; it raises what `fetch`, `read_package` and `refuse_changed` do."""
    _, (output,) = outputs_of(repository, release.commit, release.name)
    fetch(repository, release.commit, output, folder, cache)
    refuse_changed(read_package(folder), folder)
    return _candidate(release, folder)


def refuse_failed(checks: Sequence[Check], what: str) -> None:
    """Raise an IntegrityError if the release is not what it was, a ValueError if the stage does not take it."""
    if failed := {check.name: check.words for check in checks if not check.passed}:
        words = "; ".join(f"{name}: {why}" for name, why in failed.items())
        fault = IntegrityError if failed.keys() & {"files", "loads", "objects"} else ValueError
        raise fault(f"{what}: refused; {words}")


def as_evidence(checks: Sequence[Check]) -> list[dict[str, Any]]:
    """Return checks as JSON types."""
    return [asdict(check) for check in checks]


def _candidate(release: Released, folder: Path) -> Candidate:
    return Candidate(str(release), read_package(folder), PACKED_SCORES.read(folder / "scores.csv"))
