"""Cards: what is to be known of a model beside its weights, as JSON."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cellarena.files import write_bytes

FORMAT = 1
_LARGEST = 16_000_000
"""Bytes of a card; those of this project have some thousands."""


def write_card(card: dict[str, Any], path: Path) -> None:
    """Write model.json: sorted keys, strict JSON."""
    content = json.dumps({"format": FORMAT, **card}, indent=2, sort_keys=True, allow_nan=False)
    write_bytes(content.encode() + b"\n", path)


@contextmanager
def reading(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the content of a model.json; what its reader finds wrong in it becomes one line that names the file.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, of another format, lacks a key, or the reader raises a ValueError or TypeError.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; run `dvc repro` or `dvc pull`")
    if path.stat().st_size > _LARGEST:
        raise ValueError(f"{path}: not a model card of this project ({path.stat().st_size} bytes)")
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        if card["format"] != FORMAT:
            raise ValueError(f"format {card['format']}, expected {FORMAT}")
        yield card
    except KeyError as error:
        raise ValueError(f"{path}: not a model card of this project (it lacks {error})") from error
    except (ValueError, TypeError, RecursionError) as error:
        raise ValueError(f"{path}: not a model card of this project ({' '.join(str(error).split())})") from error
