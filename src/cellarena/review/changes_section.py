"""The part of a review that says what differs: data, parameters, code and runs."""

from pathlib import PurePosixPath

import pandas as pd

from cellarena.reporting.document import Block, Folded, Notes, Section, ShownTable, Text
from cellarena.reporting.tables import UNDEFINED, Table, other_table
from cellarena.review.contents import Changes
from cellarena.review.differences import Growth

_AT_MOST = 50
_SOURCE = "src"
_RESULTS = frozenset({"metrics", "plots", "reports", "dvc.lock", "params.yaml"})
"""What git holds that is no code: the results themselves, and the parameters, which have a table of their own."""
_UNITS = ("B", "kB", "MB", "GB", "TB")


def changes_section(changes: Changes) -> Section:
    """Return what differs: data, parameters, code and runs, each as a table or as a sentence that nothing does."""
    return Section(
        "What changed",
        [*_data(changes), *_parameters(changes.parameters), *_code(changes.files), *_runs(changes), *_others(changes)],
    )


def size_text(n_bytes: float) -> str:
    """Return a number of bytes as a reader takes it in, such as "12.3 MB"; a dash where it is undefined."""
    if pd.isna(n_bytes):
        return UNDEFINED
    power = 0
    while abs(n_bytes) >= 999.5 and power < len(_UNITS) - 1:
        n_bytes, power = n_bytes / 1000, power + 1
    return f"{n_bytes:.0f} {_UNITS[power]}" if power == 0 else f"{n_bytes:.3g} {_UNITS[power]}"


def shown(title: str, table: Table) -> ShownTable:
    """Return a table; a long one is cut where it cannot be searched."""
    return ShownTable(title, table, _AT_MOST if len(table.rows) > _AT_MOST else None)


def _data(changes: Changes) -> list[Block]:
    added = f"The change adds {_added(changes.added)} to the storage, of which data {_added(changes.added_data)}."
    if changes.data.empty:
        return [Text("Data: unchanged."), Text(added)] if changes.added.n_bytes else [Text("Data: unchanged.")]
    data, sides = changes.data, ("before", "after")
    table = pd.DataFrame(
        {"output": data["output"]}
        | {f"md5 {side}": [md5[:7] or UNDEFINED for md5 in data[side]] for side in sides}
        | {f"files {side}": data[f"files_{side}"].astype("Int64") for side in sides}
        | {f"size {side}": list(map(size_text, data[f"bytes_{side}"])) for side in sides}
    )
    return [ShownTable("Data", other_table(table)), Text(added)]


def _parameters(parameters: pd.DataFrame) -> list[Block]:
    if parameters.empty:
        return [Text("Parameters: unchanged.")]
    table = parameters.replace({"before": {"": UNDEFINED}, "after": {"": UNDEFINED}})
    return [shown("Parameters", other_table(table.rename(columns={"name": "parameter"})))]


def _code(files: pd.DataFrame) -> list[Block]:
    code = files[[PurePosixPath(path).parts[0] not in _RESULTS for path in files["path"]]]
    if code.empty:
        return [Text("Code: unchanged.")]
    groups = code.assign(group=[_group(path) for path in code["path"]]).groupby("group", sort=True)
    counts = groups.agg(files=("path", "size"), added=("n_added", "sum"), removed=("n_removed", "sum")).astype("Int64")
    table = counts.reset_index().set_axis(["code", "files", "lines added", "lines removed"], axis="columns")
    return [ShownTable("Code", other_table(table)), Folded("The files", [Notes(list(code["path"]))])]


def _runs(changes: Changes) -> list[Block]:
    if changes.runs.empty:
        return [Text(f"Runs: none of {changes.n_runs} changed.")]
    return [shown("Runs", other_table(changes.runs.rename(columns={"because": "because of"})))]


def _others(changes: Changes) -> list[Block]:
    if not changes.others:
        return []
    title = f"{len(changes.others)} other outputs differ: measured times, tables and figures that follow"
    return [Folded(title, [Notes(changes.others)])]


def _added(added: Growth) -> str:
    return ("" if added.is_exact or not added.n_bytes else "at most ") + size_text(added.n_bytes)


def _group(path: str) -> str:
    """Return what a file is counted with: its part of the package, its top folder, or itself at the root."""
    folders = PurePosixPath(path).parts[:-1]
    if folders[:1] == (_SOURCE,):
        return "/".join(folders[:3])
    return folders[0] if folders else path
