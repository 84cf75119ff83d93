"""What differs between two commits, as a review tells it; nothing but git and the lists of DVC's objects is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from cellarena.datasets.names import listed
from cellarena.layout import Layout
from cellarena.records import REAL, Run
from cellarena.registry.repository.locked import LockedStage, locked_stages
from cellarena.registry.repository.outputs import Output
from cellarena.registry.repository.pipelines import altered_at, declared_stages, outdated_stages, outputs_of
from cellarena.registry.repository.repository import Repository
from cellarena.review.contents import CHANGED, DATA_COLUMNS, GONE, NEW, NONE, PARTS, RUN_COLUMNS, SAME, Changes
from cellarena.review.differences import (
    OutputChange,
    causes,
    changed_files,
    changed_outputs,
    changed_parameters,
    growth,
)
from cellarena.review.reading import Reader

_PIPELINE = "dvc.yaml"
_NAMED = 4
"""Causes that a run's row has room for."""

Made = Mapping[str, Output]
"""What a commit promises of one run: its checkpoint, predictions, scores and cells, as far as it does."""


@dataclass(frozen=True)
class State:
    """A commit as far as git tells: its hash, the stages of dvc.yaml and of dvc.lock, params.yaml, what it promises."""

    commit: str
    declared: set[str]
    locked: Mapping[str, LockedStage]
    params: Mapping[str, Any]
    outputs: Sequence[Output]
    runs: Mapping[Run, Made]

    def output(self, path: Path) -> Output | None:
        """Return what the commit promises at a path, None if nothing."""
        return next((output for output in self.outputs if output.path == path.as_posix()), None)


def state_of(reader: Reader, commit: str, layout: Layout) -> State:
    """Return a commit as far as git and the lists of folders tell.

    Raises:
        ValueError, SecurityError: as reading its pipeline does.
    """
    repository = reader.repository
    declared = declared_stages(repository, commit)
    outputs = outputs_of(repository, commit, declared)
    params = repository.mapping(commit, layout.params.as_posix())
    runs = _runs(layout, [*outputs, *_score_tables(reader, commit, layout, outputs)])
    return State(commit, declared, locked_stages(repository, commit), params, outputs, runs)


def _score_tables(reader: Reader, commit: str, layout: Layout, outputs: Sequence[Output]) -> list[Output]:
    """Return the tables of a stage that scores all runs: its output is their folder."""
    folders = {layout.scores(Run("x", arm, 0)).parent.as_posix() for arm in (REAL, "x")}
    listed_files = (reader.members(commit, output) for output in outputs if output.path in folders)
    return [table for files in listed_files for table in (files or {}).values()]


def changes_of(repository: Repository, before: State, after: State, layout: Layout, cache: Path) -> Changes:
    """Return what differs between two commits, results aside.

    Raises:
        ValueError: if git cannot compare them.
    """
    differing = changed_outputs(before.outputs, after.outputs)
    of_runs = {output.path for state in (before, after) for made in state.runs.values() for output in made.values()}
    data = [change for change in differing if _is_data(change, layout)]
    rows = [
        (c.path, *(getattr(side, name, missing) for name, missing in (("md5", ""), ("n_files", None), ("size", None))
                   for side in (c.before, c.after)))
        for c in data
    ]  # fmt: skip
    return Changes(
        data=pd.DataFrame(rows, columns=DATA_COLUMNS),
        added=growth(before.outputs, after.outputs, cache),
        added_data=growth(before.outputs, [change.after for change in data if change.after], cache),
        parameters=pd.DataFrame(changed_parameters(before.params, after.params), columns=["name", "before", "after"]),
        files=changed_files(repository, before.commit, after.commit),
        runs=_run_table(before, after),
        n_runs=len(after.runs),
        others=[c.path for c in differing if c not in data and not _holds_any(c.path, of_runs)],
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
    by_path = {Path(output.path): output for output in outputs}
    found: dict[Run, Made] = {}
    for run in sorted({run for path in by_path if (run := Run.named_by(path))}):
        ensemble = layout.ensemble(run)
        places = {
            "checkpoint": ensemble if ensemble in by_path else layout.checkpoint(run),
            "predictions": layout.predictions(run),
            "scores": layout.scores(run),
            "cells": layout.cells(run),
        }
        if made := {part: by_path[path] for part, path in places.items() if path in by_path}:
            found[run] = made
    return found


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
        old, new = before.runs.get(run, {}), after.runs.get(run, {})
        states = [part_state(old, new, part) for part in PARTS]
        if set(states) & {CHANGED, NEW, GONE}:
            lines.append((str(run), *states, _because(before, after, old, new)))
    return pd.DataFrame(lines, columns=RUN_COLUMNS)


def part_state(before: Made, after: Made, part: str) -> str:
    """Return what became of a part of a run."""
    if part in before and part in after:
        return SAME if before[part].md5 == after[part].md5 else CHANGED
    return NEW if part in after else GONE if part in before else NONE


def _because(before: State, after: State, old: Made, new: Made) -> str:
    """Return what the stages of a run were given that differs, what they themselves made aside."""
    own = {output.path for made in (old, new) for output in made.values()}
    names: dict[str, None] = {}
    for part in PARTS:
        if part_state(old, new, part) == CHANGED:
            was, now = before.locked.get(old[part].stage), after.locked.get(new[part].stage)
            names |= dict.fromkeys(causes(was, now) if was and now else ())
    return listed((name for name in names if not _holds_any(name, own)), _NAMED)


def _holds_any(path: str, others: Iterable[str]) -> bool:
    """Return whether a path is that of one of the others, or of a folder around one."""
    return any(PurePosixPath(other).is_relative_to(path) for other in others)
