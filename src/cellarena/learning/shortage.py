"""What torch says where memory ran out or a process that helped was killed: here in a line that says what to lower."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from cellarena.termination import is_told_to_end

_OUT_OF_MEMORY = (
    "allocate memory", "out of memory", "not enough memory", "unable to mmap", "bad_alloc", "std::bad_alloc",
    "out of shared memory", "memoryerror", "can't start new thread",
)  # fmt: skip
_IN_HELPER = "in DataLoader worker process"
_HELPER_DIED = "DataLoader worker"


@contextmanager
def short_of_memory(doing: str, lower: str) -> Iterator[None]:
    """Let what fails in the block for want of memory say so.

    Args:
        doing: what was done in the block, such as `train unet-real-0`.
        lower: the settings that make it need less.

    Raises:
        ValueError: if memory ran out, or a process that prepares crops was killed; also what such a process refused.
        KeyboardInterrupt: if this process was told to end, whatever that led to.
    """
    try:
        yield
    except Exception as error:
        if is_told_to_end():
            raise KeyboardInterrupt from error
        if told := _shortage(error):
            raise ValueError(f"{doing}: {told}; lower {lower}, and run it again") from error
        if isinstance(error, ValueError | OSError) and _IN_HELPER in str(error):
            # The traceback of the other process is in the message; its last line is what it says.
            raise ValueError(str(error).strip().splitlines()[-1].partition(": ")[2]) from error
        raise


def _shortage(error: Exception) -> str:
    """Return in words how memory ran out, "" if it did not."""
    said = str(error)
    if isinstance(error, RuntimeError) and said.startswith(_HELPER_DIED):
        how = said.partition("killed by signal: ")[2].split(".")[0].strip()
        return f"a process that prepares crops was killed ({how or 'it ended unexpectedly'}), as for want of memory"
    ran_out = isinstance(error, MemoryError) or isinstance(error.__cause__, MemoryError)
    if ran_out or (isinstance(error, OSError) and error.errno == errno.ENOMEM):
        return "memory ran out"
    lowered = said.lower()
    if isinstance(error, RuntimeError) and any(words in lowered for words in _OUT_OF_MEMORY):
        return "memory ran out"
    return ""
