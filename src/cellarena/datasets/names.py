"""Names that are safe on every file system, and lists of names that fit on a line."""

import re
import unicodedata
from collections.abc import Iterable

from cellarena.seeds import digest


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
