"""What interrupted work is known by: that of the very same settings, files and code is continued, no other."""

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

_FINGERPRINT = re.compile(r"[0-9a-f]{16}")


def fingerprint(settings: dict[str, Any], files: Iterable[Path]) -> str:
    """Return 16 hex digits that change with any setting and with any byte of the training data.

    Args:
        settings: what the training depends on, as JSON types.
        files: the files it reads, in a fixed order.
    """
    total = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for path in files:
        total.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()[:16]


def prepare(folder: Path) -> Path:
    """Return the folder of this fingerprint, made if need be; those of the run's other fingerprints are removed."""
    for other in folder.parent.iterdir() if folder.parent.is_dir() else ():
        # TensorBoard's files lie beside them and outlive a training.
        if _FINGERPRINT.fullmatch(other.name) and other.name != folder.name:
            # Another process of the same training may have been faster.
            with contextlib.suppress(FileNotFoundError):
                shutil.rmtree(other)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def discard(folder: Path) -> None:
    """Remove what an interrupted training would have been continued from; the training is done."""
    shutil.rmtree(folder)
