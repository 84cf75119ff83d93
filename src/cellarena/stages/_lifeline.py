"""A training that DVC started ends when DVC is killed: no orphan goes on writing into the workspace."""

import os
import signal
import threading
import time

import psutil

_INTERVAL = 0.5


def die_with_dvc() -> None:
    """Watch the DVC process that started this one, if one did; when it is gone, kill this process and its children."""
    if "DVC_STAGE" not in os.environ:
        return
    above = _up_to_dvc(psutil.Process().parents())
    threading.Thread(target=_watch, args=(above,), daemon=True, name="lifeline").start()


def _up_to_dvc(parents: list[psutil.Process]) -> list[psutil.Process]:
    """Return the ancestors from the nearest up to the first that is DVC; only the nearest if none is."""
    for i, parent in enumerate(parents):
        try:
            if any("dvc" in os.path.basename(word) for word in parent.cmdline()[:3]):  # noqa: PTH119
                return parents[: i + 1]
        except psutil.Error:
            continue
    return parents[:1]


def _watch(above: list[psutil.Process]) -> None:
    # is_running compares start times too, so a reused process number is not taken for the old process.
    while all(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in above):
        time.sleep(_INTERVAL)
    for child in psutil.Process().children(recursive=True):
        child.kill()
    os.kill(os.getpid(), signal.SIGKILL)
