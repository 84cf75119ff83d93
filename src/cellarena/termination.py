"""A process that is told to end, by Slurm, `timeout` or a terminal that closes, ends as after Ctrl+C: in good order."""

import signal
import threading
from types import FrameType

_ENDING = (signal.SIGTERM, signal.SIGHUP)
_told: list[int] = []


def heed_termination() -> None:
    """Raise KeyboardInterrupt in this process when it is told to end, where it would vanish without a word.

    What it had begun is undone then, as far as it can be, and what it had done is kept. A signal that whoever started
    this process made it ignore stays ignored: `nohup`.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in _ENDING:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


def interrupt(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
    """Handle a signal: what follows from it cannot be interrupted by a second one.

    Raises:
        KeyboardInterrupt: the first time.
    """
    if _told:
        return
    _told.append(number)
    # Those that this process started get the signal too; that they end is no news, and torch's handler would raise.
    signal.signal(signal.SIGCHLD, _nothing)
    raise KeyboardInterrupt


def is_told_to_end() -> bool:
    """Return whether this process was told to end."""
    return bool(_told)


def _nothing(number: int, frame: FrameType | None) -> None:
    """Let a child end: unlike SIG_IGN this leaves its exit code to whoever waits for it."""
