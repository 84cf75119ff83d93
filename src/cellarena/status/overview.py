"""The grid of runs, the generators and the arms as rows of states: for people, and as JSON."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from cellarena.records import Run
from cellarena.reporting.document import Document, Notes, Section, ShownTable, Warnings
from cellarena.reporting.tables import UNDEFINED, plain, table_with_failures
from cellarena.status.states import STATES, UPSTREAM, Status

GRIDS = ("benchmark", "study")


@dataclass(frozen=True)
class Progress:
    """How many of the optimizer steps that a training has at most are done."""

    step: int
    n_steps: int

    @property
    def share(self) -> float:
        """The part that is done, in [0, 1]."""
        return min(1.0, self.step / self.n_steps)


@dataclass(frozen=True)
class StepStatus:
    """One step of a row: its status, and how far it has come where a log tells."""

    step: str
    status: Status
    progress: Progress | None = None


@dataclass(frozen=True)
class Row:
    """A run, a generator or an arm with its steps in their order; steps that it does not have are left out."""

    name: str
    cells: Sequence[StepStatus]
    grids: Sequence[str] = ()
    run: Run | None = None


def counted(rows: Iterable[Row]) -> dict[str, int]:
    """Return how many cells are in each state, 0 included, in the order of `STATES`."""
    found = Counter(cell.status.state for row in rows for cell in row.cells)
    return {state: found[state] for state in STATES}


@dataclass(frozen=True)
class Overview:
    """All that there is to be made of a project's data set, row by row."""

    runs: Sequence[Row]
    """Of both grids."""
    generators: Sequence[Row]
    arms: Sequence[Row]
    altered: Mapping[str, str] = field(default_factory=dict)
    """The stages of those outputs in git that are not what the stage made, by path."""
    libraries: Sequence[str] = ()
    """In a few words each, those of other versions than the environment is pinned to."""

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """The cells of each grid of runs, of the generators and of the arms, by state."""
        grids = {name: [row for row in self.runs if name in row.grids] for name in GRIDS}
        grids |= {"generators": [*self.generators], "arms": [*self.arms]}
        return {name: counted(rows) for name, rows in grids.items()}


def as_json(overview: Overview) -> dict[str, Any]:
    """Return an overview as JSON types; a step that a run, generator or arm does not have is left out."""
    return {
        "runs": [
            {"run": row.name, **asdict(run), "grids": list(row.grids), "steps": _steps(row)}
            for row in overview.runs
            if (run := row.run)
        ],
        "generators": [{"generator": row.name, "steps": _steps(row)} for row in overview.generators],
        "arms": [{"arm": row.name, "steps": _steps(row)} for row in overview.arms],
        "counts": overview.counts,
        "altered": [{"path": path, "stage": stage} for path, stage in sorted(overview.altered.items())],
        "other_libraries": list(overview.libraries),
    }


def _steps(row: Row) -> dict[str, Any]:
    return {
        cell.step: {
            **asdict(cell.status),
            "step": cell.progress and cell.progress.step,
            "n_steps": cell.progress and cell.progress.n_steps,
            "share_done": cell.progress and round(cell.progress.share, 4),
        }
        for cell in row.cells
    }


def as_document(overview: Overview) -> Document:
    """Return an overview as tables: the runs of the benchmark, those of the study alone, generators and arms."""
    sections = [
        _section("Runs of the benchmark", "run", [row for row in overview.runs if GRIDS[0] in row.grids]),
        _section("Further runs of the study", "run", [row for row in overview.runs if GRIDS[0] not in row.grids]),
        _section("Generators", "generator", overview.generators),
        _section("Arms", "arm", overview.arms),
    ]
    sentences = {
        name.capitalize(): ", ".join(f"{n} {state}" for state, n in by_state.items() if n)
        for name, by_state in overview.counts.items()
    }
    facts = [(name, sentence) for name, sentence in sentences.items() if sentence]
    return Document("State of the runs", facts, [*sections, *_doubts(overview)])


def _doubts(overview: Overview) -> Iterator[Section]:
    """Yield what the rows do not show: results that nobody's stage made, libraries that nobody pinned."""
    if overview.altered:
        lines = [f"{plain(path)} is not what {plain(stage)} made" for path, stage in sorted(overview.altered.items())]
        way_out = "`git checkout` what was edited or merged, or run `dvc repro` and commit what it makes with dvc.lock."
        yield Section("Results in git that no stage made", [Warnings([*lines, way_out])])
    if overview.libraries:
        way_out = "What is made now may differ from what was made with the pinned ones; `make setup` installs those."
        yield Section("Other libraries than requirements.lock names", [Warnings([*overview.libraries, way_out])])


def _section(title: str, kind: str, rows: Sequence[Row]) -> Section:
    if not rows:
        return Section(title, [])
    steps = list(dict.fromkeys(cell.step for row in rows for cell in row.cells))
    shown = [
        {kind: row.name, **dict.fromkeys(steps, UNDEFINED), **{cell.step: _shown(cell) for cell in row.cells}}
        for row in rows
    ]
    failed = [any(cell.status.state == "failed" for cell in row.cells) for row in rows]
    table = table_with_failures(pd.DataFrame(shown, columns=[kind, *steps]), failed)
    return Section(title, [ShownTable(title, table), Notes(_reasons(rows))])


def _shown(cell: StepStatus) -> str:
    done = f", step {cell.progress.step} of {cell.progress.n_steps}" if cell.progress else ""
    return f"{cell.status.state}{done}"


def _reasons(rows: Sequence[Row]) -> list[str]:
    """Return sentences on why cells are as they are; a row's first for each cause; rows of one share a sentence."""
    names: dict[str, list[str]] = {}
    for row in rows:
        first: dict[str, StepStatus] = {}
        for cell in row.cells:
            first.setdefault(cell.status.why.removesuffix(UPSTREAM), cell)
        for cell in first.values():
            if cell.status.why:
                names.setdefault(f"{cell.step} {cell.status.state}, {cell.status.why}", []).append(row.name)
    return [f"{reason}: {', '.join(who)}" for reason, who in names.items()]
