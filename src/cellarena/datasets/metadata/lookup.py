"""Finding files by the names that people write into tables."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from cellarena.datasets.layouts.name_roles import is_image, stem_of


class Lookup:
    """Names of files, each standing for something, to be found by as much of the path as somebody wrote.

    A name fits if the shorter of the two paths ends the longer. The whole file name goes before the name without
    suffix, and the same case before another.
    """

    def __init__(self, names: Iterable[tuple[str, str]]) -> None:
        self._by_key: list[dict[str, list[tuple[list[str], str]]]] = [defaultdict(list) for _ in range(4)]
        for path, what in names:
            *folders, last = _parts(path)
            for by_key, key in zip(self._by_key, _keys(last), strict=True):
                by_key[key].append((folders, what))

    def find(self, name: str) -> list[str]:
        """Return what a written name stands for, sorted; several if it fits several."""
        *folders, last = _parts(name) or [""]
        for by_key, key in zip(self._by_key, _keys(last), strict=True):
            found = {what for there, what in by_key.get(key, ()) if _agree(there, folders)}
            if found:
                return sorted(found)
        return []


def _parts(path: str) -> list[str]:
    text = unicodedata.normalize("NFC", path).replace("\\", "/")
    return [part for part in text.split("/") if part not in {"", "."}]


def _keys(last: str) -> tuple[str, str, str, str]:
    stem = stem_of(last if is_image(last) else f"{last}.tif")
    return last, stem, last.casefold(), stem.casefold()


def _agree(there: list[str], written: list[str]) -> bool:
    pairs = zip(reversed(there), reversed(written), strict=False)
    return all(one.casefold() == other.casefold() for one, other in pairs)


def spreadsheet_hint(written: Iterable[str], stems: Iterable[str]) -> str:
    """Return what a spreadsheet may have done to written names that no file has, "" if it is not to be seen."""
    by_number: dict[float, str] = {}
    for stem in sorted(stems):
        if (number := _number(stem)) is not None:
            by_number.setdefault(number, stem)
    for name in written:
        if re.fullmatch(r"\d[.,]\d+E\+\d+", name, re.IGNORECASE) and _number(name) not in by_number:
            return f"; {name} may be a longer name: Excel shortened it as a number; format the column as text"
        if (number := _number(name)) in by_number and number is not None and by_number[number] != name:
            what = "dropped leading zeros" if by_number[number].startswith("0") else "rewrote it as a number"
            return f"; {name} may be {by_number[number]}: Excel {what}; format the column as text"
        if re.fullmatch(r"\d{1,2}[-. ][A-Za-z]{3}|[A-Za-z]{3}[-. ]\d{2}", name):
            return f"; {name} may be another name: Excel made a date of it; format the column as text"
    return ""


def _number(text: str) -> float | None:
    return float(text.replace(",", ".")) if re.fullmatch(r"\d+([.,]\d+)?(E[+-]?\d+)?", text, re.IGNORECASE) else None
