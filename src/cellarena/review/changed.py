"""The part of a review that says what differs: data, parameters, code and runs."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

import pandas as pd

from cellarena.reporting.document import Block, Folded, Notes, Section, ShownTable, Text
from cellarena.reporting.tables import UNDEFINED, Table, other_table
from cellarena.review.contents import RUN_COLUMNS, Added, Changes

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


def outdated_lines(outdated: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a warning for stages whose results were not made of what the commit holds."""
    if not outdated:
        return []
    count = Counter(name for names in outdated.values() for name in names)
    stages, names = list(outdated), [name for name, _ in count.most_common()]
    were = "stage was" if len(stages) == 1 else "stages were"
    return [
        f"{len(stages)} {were} not run with what this commit holds, so that the results may be those of something "
        f"else: {_few(stages)}; what differs: {_few(names)}. Run `dvc repro` and commit dvc.lock."
    ]


def altered_lines(altered: Sequence[str]) -> list[str]:
    """Return a warning for results in git that no stage made."""
    if not altered:
        return []
    results, are = ("result", "is") if len(altered) == 1 else ("results", "are")
    return [
        f"{len(altered)} {results} in git {are} not what the stage made, as dvc.lock records it: {_few(altered)}. "
        "Somebody edited or merged them, or dvc.lock was not committed with them. Run `dvc repro` and commit what it "
        "makes together with dvc.lock."
    ]


def library_lines(libraries: Sequence[str]) -> list[str]:
    """Return a warning for runs that learnt with other libraries than the commit pins."""
    if not libraries:
        return []
    return [f"Changed runs learnt with other libraries than requirements.lock of this commit names: {_few(libraries)}."]


def shown(title: str, table: Table) -> ShownTable:
    """Return a table; a long one is cut where it cannot be searched."""
    return ShownTable(title, table, _AT_MOST if len(table.rows) > _AT_MOST else None)


def _data(changes: Changes) -> list[Block]:
    added = f"The change adds {_added(changes.added)} to the storage, of which data {_added(changes.added_data)}."
    if changes.data.empty:
        return [Text("Data: unchanged."), Text(added)] if changes.added.n_bytes else [Text("Data: unchanged.")]
    data = changes.data
    table = pd.DataFrame(
        {
            "output": data["output"],
            "md5 before": _short(data["before"]),
            "md5 after": _short(data["after"]),
            "files before": data["files_before"].astype("Int64"),
            "files after": data["files_after"].astype("Int64"),
            "size before": list(map(size_text, data["bytes_before"])),
            "size after": list(map(size_text, data["bytes_after"])),
        }
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
    table = other_table(counts.reset_index().rename(columns={"group": "code", "added": "lines added",
                                                            "removed": "lines removed"}))  # fmt: skip
    return [ShownTable("Code", table), Folded("The files", [Notes(list(code["path"]))])]


def _runs(changes: Changes) -> list[Block]:
    if changes.runs.empty:
        return [Text(f"Runs: none of {changes.n_runs} changed.")]
    table = changes.runs[RUN_COLUMNS].rename(columns={"because": "because of"})
    return [shown("Runs", other_table(table))]


def _others(changes: Changes) -> list[Block]:
    if not changes.others:
        return []
    title = f"{len(changes.others)} other outputs differ: measured times, tables and figures that follow"
    return [Folded(title, [Notes(changes.others)])]


def _added(added: Added) -> str:
    return ("" if added.is_exact or not added.n_bytes else "at most ") + size_text(added.n_bytes)


def _short(hashes: "pd.Series[str]") -> list[str]:
    return [md5[:7] or UNDEFINED for md5 in hashes]


def _group(path: str) -> str:
    """Return what a file is counted with: its part of the package, its top folder, or itself at the root."""
    folders = PurePosixPath(path).parts[:-1]
    if folders[:1] == (_SOURCE,):
        return "/".join(folders[:3])
    return folders[0] if folders else path


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
