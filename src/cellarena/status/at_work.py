"""Which stages a living process is at: one of this project's commands, or a DVC that holds the stage's outputs."""

import json
from pathlib import Path, PurePath
from typing import Any

import psutil


def words_at_work(root: Path) -> set[tuple[str, ...]]:
    """Return the arguments of every living `cellarena` of this machine that works in a folder."""
    found = set()
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words, folder = process.info["cmdline"] or [], process.info["cwd"]
        # Those of other users hide where they work.
        if not folder or Path(folder) != root.resolve():
            continue
        names = [PurePath(word).name for word in words]
        if "cellarena" in names:
            found.add(tuple(words[names.index("cellarena") + 1 :]))
    return found


def paths_at_work(rwlock: Path) -> set[Path]:
    """Return the outputs that a living DVC of this machine is making, from the file in which DVC notes so.

    After a killed one its notes stay; a process of the same number is not taken for it.
    """
    try:
        writers = json.loads(rwlock.read_text(encoding="utf-8"))["write"]
        return {Path(path) for path, writer in writers.items() if _is_alive(writer)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # No DVC ran here yet, or one is writing the file at this moment.
        return set()


def _is_alive(writer: dict[str, Any]) -> bool:
    """Return whether a note's process lives and is the one that wrote it."""
    try:
        return " ".join(psutil.Process(writer["pid"]).cmdline()).endswith(writer["cmd"])
    except psutil.Error:
        return False
