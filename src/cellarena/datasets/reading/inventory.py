"""The table of what a tree of annotated images holds, for the person who gave it."""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cellarena.datasets.labels.checks import looks_odd
from cellarena.datasets.names import listed
from cellarena.datasets.reading.pairing import MANIFEST
from cellarena.datasets.reading.surveys import Survey


def show(seen: Survey, console: Console) -> None:
    """Print a table of what a tree holds."""
    facts, notes = list(seen.facts.values()), list(seen.notes.values())
    objects = [fact.evidence.n_numbers for fact in facts]
    table = Table(title=f"{len(facts)} annotated images", show_header=False, title_justify="left")
    rows = {
        "folder": str(seen.root),
        "layout": seen.findings.layout,
        "modalities": _counted(note.modality for note in notes),
        "sizes": _counted(f"{fact.shape[0]} x {fact.shape[1]}" for fact in facts),
        "pixel types": _counted(fact.dtype for fact in facts),
        "channels": _counted(fact.shape[2] if len(fact.shape) > 2 else 1 for fact in facts),
        "groups": str(len({note.group for note in notes if note.group})),
        "fixed subsets": _counted(note.subset for note in notes if note.subset) or "none",
        "objects": f"{sum(objects):,} (per image {min(objects)} to {max(objects)}, median {np.median(objects):g})",
        "images whose alpha channel is left out": str(sum(fact.alpha for fact in facts)),
        "pixels that nobody annotated": f"{sum(fact.n_ignored for fact in facts):,}",
        "images without an object": str(objects.count(0)),
        "images of one constant value": str(sum(fact.flat for fact in facts)),
        "label images that look odd": listed(n for n, fact in seen.facts.items() if looks_odd(fact.evidence)) or "none",
        "files left alone": listed(path for path in seen.findings.ignored if path != MANIFEST) or "none",
        f"columns of {MANIFEST} left alone": listed(seen.unread),
        f"pixel sizes of {MANIFEST} that differ from the files'": listed(_resized(seen)),
    }
    for label, value in rows.items():
        if value:
            table.add_row(label, escape(value))
    console.print(table)


def _resized(seen: Survey) -> Iterator[str]:
    """Yield the images whose pixel size is said to be another than their files say, by more than 1 %."""
    for name, fact in seen.facts.items():
        said, found = seen.notes[name].pixel_size, fact.pixel_size
        if said and found and not np.allclose(said, found, rtol=0.01, atol=0):
            yield f"{name} ({_size(said)}, not {_size(found)} µm)"


def _size(sides: tuple[float, float]) -> str:
    return " x ".join(f"{side:g}" for side in dict.fromkeys(sides))


def _counted(values: Iterable[str | int]) -> str:
    return listed(f"{value} ({count})" for value, count in sorted(Counter(values).items(), key=lambda i: (-i[1], i[0])))
