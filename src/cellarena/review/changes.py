"""What differs between two commits, as a review tells it; nothing but git and the lists of DVC's objects is read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from cellarena.layout import Layout
from cellarena.records import Run
from cellarena.registry.changes import OutputChange, causes, changed_files, changed_outputs, changed_parameters
from cellarena.registry.growth import growth
from cellarena.registry.locked import LockedStage, locked_stages
from cellarena.registry.outputs import Output
from cellarena.registry.pipelines import declared_stages, outdated_stages, outputs_of
from cellarena.registry.repository import Repository
from cellarena.registry.results_in_git import altered_at
from cellarena.reporting.review.contents import (
    CHANGED,
    DATA_COLUMNS,
    GONE,
    NEW,
    NONE,
    PARTS,
    RUN_COLUMNS,
    SAME,
    Added,
    Changes,
)

_PIPELINE = "dvc.yaml"
_NAMED = 4
"""Causes that a run's row has room for."""


@dataclass(frozen=True)
class Made:
    """What a commit promises of one run; None for what it does not."""

    checkpoint: Output | None
    predictions: Output | None
    scores: Output | None
    cells: Output | None


@dataclass(frozen=True)
class State:
    """A commit as far as git tells.

    Attributes:
        commit: its hash.
        declared: the stages of its dvc.yaml.
        locked: their entries in its dvc.lock.
        params: the content of its params.yaml.
        outputs: what it promises.
        runs: what it promises of every run.
    """

    commit: str
    declared: set[str]
    locked: Mapping[str, LockedStage]
    params: Mapping[str, Any]
    outputs: Sequence[Output]
    runs: Mapping[Run, Made]

    def output(self, path: Path) -> Output | None:
        """Return what the commit promises at a path, None if nothing."""
        return next((output for output in self.outputs if output.path == path.as_posix()), None)


def state_of(repository: Repository, commit: str, layout: Layout) -> State:
    """Return a commit as far as git tells.

    Raises:
        ValueError, SecurityError: as reading its pipeline does.
    """
    declared = declared_stages(repository, commit)
    outputs = outputs_of(repository, commit, declared)
    params = repository.mapping(commit, layout.params.as_posix())
    return State(commit, declared, locked_stages(repository, commit), params, outputs, _runs(layout, outputs))


def changes_of(repository: Repository, before: State, after: State, layout: Layout, cache: Path) -> Changes:
    """Return what differs between two commits, results aside.

    Raises:
        ValueError: if git cannot compare them.
    """
    differing = changed_outputs(before.outputs, after.outputs)
    of_runs = {path for state in (before, after) for path in _paths_of_runs(state)}
    data = [change for change in differing if _is_data(change, layout)]
    rows = [
        (c.path, *(getattr(side, name, missing) for name, missing in (("md5", ""), ("n_files", None), ("size", None))
                   for side in (c.before, c.after)))
        for c in data
    ]  # fmt: skip
    others = [c.path for c in differing if c not in data and c.path not in of_runs]
    files = [(f.path, f.n_added, f.n_removed) for f in changed_files(repository, before.commit, after.commit)]
    parameters = [(p.name, p.before, p.after) for p in changed_parameters(before.params, after.params)]
    new = [change.after for change in data if change.after]
    return Changes(
        data=pd.DataFrame(rows, columns=DATA_COLUMNS),
        added=_added(before.outputs, after.outputs, cache),
        added_data=_added(before.outputs, new, cache),
        parameters=pd.DataFrame(parameters, columns=["name", "before", "after"]),
        files=pd.DataFrame(files, columns=["path", "n_added", "n_removed"]),
        runs=_run_table(before, after),
        n_runs=len(after.runs),
        others=others,
        outdated=outdated_stages(repository, after.commit, after.declared),
        altered=_altered(repository, before, after),
    )


def _altered(repository: Repository, before: State, after: State) -> list[str]:
    """Return the results in git that no stage made, and those that git had before and has not any more."""
    pipelines = [repository.read(state.commit, _PIPELINE) for state in (before, after)]
    kept = {output.path for output in before.outputs if not output.is_cached and pipelines[0] == pipelines[1]}
    gone = [output.path for output in after.outputs if output.is_cached and output.path in kept]
    return sorted([*(output.path for output in altered_at(repository, after.commit)), *gone])


def _runs(layout: Layout, outputs: Sequence[Output]) -> dict[Run, Made]:
    by_path = {output.path: output for output in outputs}

    def made(path: Path) -> Output | None:
        return by_path.get(path.as_posix())

    found = {}
    for run in sorted({run for path in by_path if (run := Run.named_by(path))}):
        parts = map(made, (layout.checkpoint(run), layout.predictions(run), layout.scores(run), layout.cells(run)))
        if any((of_run := Made(*parts)).__dict__.values()):
            found[run] = of_run
    return found


def _paths_of_runs(state: State) -> list[str]:
    return [output.path for made in state.runs.values() for output in made.__dict__.values() if output]


def _is_data(change: OutputChange, layout: Layout) -> bool:
    """Return whether an output is what networks learn from and are judged on, or was added by hand."""
    if any(side and side.stage.endswith(".dvc") for side in (change.before, change.after)):
        return True
    roots = [layout.raw, layout.preprocessed, layout.splits, layout.arm("x").parent, layout.synthetic("x").parent]
    return any(PurePosixPath(change.path).is_relative_to(root.as_posix()) for root in roots)


def _run_table(before: State, after: State) -> pd.DataFrame:
    """Return a line per run of which a checkpoint, predictions or scores differ."""
    lines = []
    for run in sorted(before.runs.keys() | after.runs.keys()):
        old, new = (state.runs.get(run, Made(None, None, None, None)) for state in (before, after))
        states = [_state(getattr(old, part), getattr(new, part)) for part in PARTS]
        if set(states) & {CHANGED, NEW, GONE}:
            lines.append((str(run), *states, _because(before, after, old, new)))
    return pd.DataFrame(lines, columns=RUN_COLUMNS)


def _state(before: Output | None, after: Output | None) -> str:
    if before and after:
        return SAME if before.md5 == after.md5 else CHANGED
    return NEW if after else GONE if before else NONE


def _because(before: State, after: State, old: Made, new: Made) -> str:
    """Return what the stages of a run were given that differs, what they themselves made aside."""
    own = {output.path for made in (old, new) for output in made.__dict__.values() if output}
    names: dict[str, None] = {}
    for part in PARTS:
        was, is_ = getattr(old, part), getattr(new, part)
        if was and is_ and was.md5 != is_.md5 and was.stage in before.locked and is_.stage in after.locked:
            names |= dict.fromkeys(causes(before.locked[was.stage], after.locked[is_.stage]))
    found = [name for name in names if name not in own]
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return ", ".join(found[:_NAMED]) + more


def _added(before: Sequence[Output], after: Sequence[Output], cache: Path) -> Added:
    found = growth(before, after, cache)
    return Added(found.n_bytes, found.is_exact)
