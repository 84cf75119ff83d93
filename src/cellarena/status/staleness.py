"""What is stale is refused: by the state of the working tree, as `status` tells it, and by that of a commit."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from cellarena.registry.repository.outputs import Output
from cellarena.registry.repository.repository import Repository
from cellarena.registry.staleness import outdated_above
from cellarena.reporting.run_status import changed_above
from cellarena.status.pipeline import Pipeline

_NAMED = 3


def refuse_stale_here(pipeline: Pipeline, paths: Sequence[Path]) -> None:
    """Do nothing if outputs were made of what the working tree holds, from each up to the data as acquired.

    Raises:
        ValueError: if not.
    """
    for path in paths:
        if maker := pipeline.makers.get(path):
            _refuse(str(path), changed_above(maker, pipeline.facts), maker)


def refuse_stale_at(repository: Repository, commit: str, outputs: Sequence[Output], cache: Path) -> None:
    """Do nothing if outputs of a commit were made of what it holds.

    Raises:
        ValueError: if not.
        PartialError: if what they were made of cannot be looked up.
    """
    for output in outputs:
        outdated = outdated_above(repository, commit, output.path, cache)
        _refuse(f"{output.path} at {commit[:7]}", outdated, output.stage)


def _refuse(what: str, changed: Mapping[str, Sequence[str]], maker: str) -> None:
    if not changed:
        return
    reasons = [f"{stage} ({_few(differing)})" for stage, differing in changed.items()]
    raise ValueError(
        f"{what}: stale, for these stages did not run with what is there now: {_few(reasons)}; run `dvc repro {maker}` "
        "and commit dvc.lock"
    )


def _few(words: Sequence[str]) -> str:
    more = f" and {len(words) - _NAMED} more" if len(words) > _NAMED else ""
    return ", ".join(words[:_NAMED]) + more
