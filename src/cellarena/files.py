"""Files that are whole or not there."""

import contextlib
from pathlib import Path


def write_bytes(content: bytes, path: Path) -> None:
    """Write a file under a temporary name beside its place, then move it there.

    Raises:
        OSError: if it cannot be written, on a full disk for example; the file's name is in it, and nothing is left.
    """
    partial = path.with_name(path.name + ".partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(content)
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error
