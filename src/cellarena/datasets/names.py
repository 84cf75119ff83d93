"""Names: record ids that are safe on every file system, and lists of names that fit on a line."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from cellarena.datasets.layouts.pairs import Pair
from cellarena.seeds import digest


def record_ids(pairs: Iterable[Pair]) -> dict[Pair, str]:
    """Return the record id of each pair, made of its image's stem from A-Z a-z 0-9 . _ and -.

    Where sets of one tree repeat a stem (train/images/1.png, test/images/1.png), every id starts with its set's path.

    Raises:
        ValueError: if two images would share an id, also when case is ignored; both are named.
    """
    ordered = sorted(pairs)
    ids = {pair: safe_name(pair.stem) for pair in ordered}
    if _shared(ids):
        ids = {pair: safe_name("_".join(filter(None, (*pair.parent.split("/"), pair.stem)))) for pair in ordered}
    if clashes := _shared(ids):
        lines = listed(" and ".join(map(repr, images)) for images in clashes)
        raise ValueError(f"names that differ only in case, spelling or special characters: {lines}; rename one")
    return ids


def _shared(ids: dict[Pair, str]) -> list[list[str]]:
    owners: dict[str, list[str]] = defaultdict(list)
    for pair, name in ids.items():
        owners[name.casefold()].append(pair.image)
    return [images for images in owners.values() if len(images) > 1]


def safe_name(stem: str) -> str:
    """Return a stem as a portable file name of 1 to 100 characters from A-Z a-z 0-9 . _ and -.

    A letter outside ASCII becomes its base letter or its code point, anything else "_". The same text in another
    Unicode normal form gives the same name.
    """
    base = "".join(c for c in unicodedata.normalize("NFKD", stem) if not unicodedata.combining(c))
    name = re.sub(r"[^A-Za-z0-9._-]", lambda m: "_" if ord(m[0]) < 128 else f"u{ord(m[0]):04x}", base)
    name = re.sub(r"^[.-]", "_", name) or "_"
    return name if len(name) <= 100 else f"{name[:83]}-{digest(stem):032x}"[:100]


def slug(text: str) -> str:
    """Return a text as words of a-z and 0-9 joined by _, such as "h_e" for "H&E"; empty without letter and digit."""
    return re.sub(r"[^a-z0-9]+", "_", safe_name(text).lower()).strip("_")


def slugs(texts: Iterable[str], taken: Iterable[str]) -> dict[str, str]:
    """Return a slug for each text, none of them twice or among those taken."""
    names: dict[str, str] = {}
    used = set(taken)
    for text in texts:
        name = slug(text) or "unknown"
        while name in used:
            name += "_"
        names[text] = name
        used.add(name)
    return names


def listed(items: Iterable[str], most: int = 10) -> str:
    """Return items as one readable line: the first few, then how many there are in all."""
    shown = [item if item.isprintable() else repr(item) for item in items]
    tail = f" ... ({len(shown)} in all)" if len(shown) > most else ""
    return ", ".join(shown[:most]) + tail
