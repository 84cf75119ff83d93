"""Whether a stage is done and, if not, why: from what is known of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

State = Literal["done", "running", "failed", "interrupted", "missing", "stale"]
STATES: tuple[State, ...] = get_args(State)
UPSTREAM = " upstream"
"""Ends the reason of a stage that is stale because of one before it."""


@dataclass(frozen=True)
class StageFacts:
    """What is known of a stage of dvc.yaml."""

    upstream: Sequence[str] = ()
    """Names of the stages whose outputs it reads."""
    changed: Sequence[str] = ()
    """What of its command, parameters, dependencies or outputs is not what dvc.lock says."""
    missing: Sequence[str] = ()
    """Outputs that are not there."""
    running: bool = False
    remains: bool = False
    """Whether a process that was at it left something unfinished behind."""
    n_failed: int = 0
    """Images that it could not deal with."""


@dataclass(frozen=True)
class Status:
    """The state of a stage and, where there is more to say, why."""

    state: State
    why: str = ""


def statuses(stages: Mapping[str, StageFacts]) -> dict[str, Status]:
    """Return the status of every stage.

    A stage that runs is running, whatever is there. One whose outputs are there and are what dvc.lock says, with
    nothing changed up to the first stage, is done, or failed if there are images that it could not deal with. Of the
    others one that left something behind is interrupted, one that lacks an output missing, any other stale.
    """
    origins = {name: next(iter(changed_above(name, stages).values()), [""])[0] for name in stages}
    return {name: _status(facts, origins[name]) for name, facts in stages.items()}


def changed_above(name: str, stages: Mapping[str, StageFacts]) -> dict[str, Sequence[str]]:
    """Return what changed at a stage and at those before it, by their names, the nearest first; {} if nothing did."""
    above = {name: stages[name]}
    for stage in (waiting := [stages[name]]):
        for upstream in stage.upstream:
            if upstream not in above:
                above[upstream] = stages[upstream]
                waiting.append(stages[upstream])
    return {name: facts.changed for name, facts in above.items() if facts.changed}


def _status(facts: StageFacts, origin: str) -> Status:
    if facts.running:
        return Status("running")
    if not origin and not facts.missing:
        return Status("failed", f"{facts.n_failed} images") if facts.n_failed else Status("done")
    if facts.remains:
        return Status("interrupted")
    if facts.missing:
        return Status("missing")
    return Status("stale", origin if facts.changed else origin + UPSTREAM)
