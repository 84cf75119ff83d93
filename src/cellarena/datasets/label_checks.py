"""Whether all label images of a set are what they are said to be: the evidence of each file, judged together.

What one file can look like by accident is never held against it: a cell with a stray pixel, one in several pieces, one
that fills its image. A set is refused where many of its files look wrong in the same way.
"""

from collections.abc import Callable, Mapping, Sequence

from cellarena.datasets.label_evidence import FRAGMENT, LIMITS, Evidence
from cellarena.datasets.names import listed

# A file that looks wrong may be an accident; so many of the files that hold objects, and at least two, are none.
MIN_SHARE = 0.1
MIN_FILES = 2
# Real sets keep below 1.05 sizeable pieces a number, those with many divided cells below 1.2; class maps and numbers
# that were given twice lie above this.
PIECES_PER_NUMBER = 1.5
# A cell in two pieces is no class map, unless most files of the set look like that.
MIN_SURPLUS = 2
MOST = 0.5
# Resampling and lossy compression leave specks of other numbers along the borders: 0.38 to 0.98 of all pieces in trials
# with 9 cells; 0.02 at most in real sets, 0.11 where cells of 11 pixels fill the image.
FRAGMENTS = 0.25
MIN_FRAGMENTS = 4
# What programs write for foreground, and the share of its files with two pieces that makes it more than one cell each.
FOREGROUND = {1, 255}
PAIRS = 0.25

_UNCHECKED = "acquire.labels: unchecked takes the numbers as they stand"
_MOST_FILES = 3


Check = Callable[[Mapping[str, Evidence]], str | None]


def first_fault(evidence: Mapping[str, Evidence], checks: Sequence[Check]) -> list[str]:
    """Return what is wrong with a set of label images in one line, or nothing.

    Args:
        evidence: that of each label image, by its path.
        checks: what is asked, in this order; the first that finds something is heard.
    """
    found = (line for check in checks if (line := check(evidence)))
    return list(found)[:1]


def looks_odd(seen: Evidence) -> bool:
    """Return whether a label image of a set that passes is one for its user to look at."""
    is_marked = bool(seen.ground or seen.apart) or seen.n_clipped > 1
    return is_marked or _has_fragments(seen) or (_is_shared(seen) and _is_plain(seen))


def _no_object(evidence: Mapping[str, Evidence]) -> str | None:
    if not evidence or any(seen.n_numbers for seen in evidence.values()):
        return None
    return f"{_files(list(evidence))}: no object in any label image, all is 0; export them again ({_UNCHECKED})"


def _number_as_ground(evidence: Mapping[str, Evidence]) -> str | None:
    grounds = {path: seen.ground for path, seen in evidence.items() if seen.ground}
    if len(grounds) < MOST * sum(seen.n_numbers > 1 for seen in evidence.values()):
        return None
    if not _many(list(grounds), evidence):
        return None
    found = sorted(set(grounds.values()))
    way_out = f"set acquire.background: {found[0]}" if len(found) == 1 else "make it 0"
    return (
        f"{_files(list(grounds))}: the number {listed(map(str, found), _MOST_FILES)} lies where background does, and 0 "
        f"is rare or absent, in {len(grounds)} of {len(evidence)} label images; {way_out} ({_UNCHECKED})"
    )


def _fragments(evidence: Mapping[str, Evidence]) -> str | None:
    wrong = [path for path, seen in evidence.items() if _has_fragments(seen)]
    if not _many(wrong, evidence):
        return None
    n_fragments = sum(evidence[path].n_fragments for path in wrong)
    return (
        f"{_files(wrong)}: {n_fragments} of {sum(evidence[path].n_pieces for path in wrong)} pieces are specks of at "
        f"most {FRAGMENT} pixels on the border of others, as lossy compression (JPEG) or smooth resizing leaves them; "
        f"export the labels again, resized to the nearest pixel at most ({_UNCHECKED})"
    )


def _binary(evidence: Mapping[str, Evidence]) -> str | None:
    numbers = {seen.only for seen in evidence.values() if seen.n_numbers}
    pairs = [path for path, seen in evidence.items() if seen.n_sizeable > 1]
    plain = [path for path in pairs if _is_plain(evidence[path])]
    wrong = pairs if len(pairs) >= PAIRS * _n_with_objects(evidence) else plain
    if (len(numbers) != 1 and numbers != FOREGROUND) or 0 in numbers or not _many(wrong, evidence):
        return None
    n_pieces, only = sum(evidence[path].n_sizeable for path in wrong), listed(map(str, sorted(numbers)))
    return (
        f"{_files(wrong)}: labels are binary: {n_pieces} separate pieces, all {only}, and no label image "
        f"holds another number; set acquire.labels: binary to make an object of each ({_UNCHECKED})"
    )


def _apart(evidence: Mapping[str, Evidence]) -> str | None:
    wrong = [path for path, seen in evidence.items() if seen.apart]
    if not _many(wrong, evidence):
        return None
    number = evidence[wrong[0]].apart
    return (
        f"{_files(wrong)}: {number}, the largest number that the type holds, is far from all others in {len(wrong)} of "
        f"{len(evidence)} label images, as programs mark what is no object; set acquire.ignore: {number} if nobody "
        f"annotated there, or acquire.background: {number} ({_UNCHECKED})"
    )


def _clipped(evidence: Mapping[str, Evidence]) -> str | None:
    wrong = [path for path, seen in evidence.items() if seen.n_clipped > 1]
    if not _many(wrong, evidence):
        return None
    n_pieces = sum(evidence[path].n_clipped for path in wrong)
    return (
        f"{_files(wrong)}: the largest number is one where programs clip, {listed(map(str, LIMITS))}, and is on "
        f"{n_pieces} separate pieces; save the labels with more bits, set acquire.ignore to that number if nobody "
        f"annotated there, or acquire.labels: pieces ({_UNCHECKED})"
    )


def _classes(evidence: Mapping[str, Evidence]) -> str | None:
    shared = [path for path, seen in evidence.items() if _is_shared(seen)]
    plain = [path for path in shared if _is_plain(evidence[path])]
    wrong = shared if len(shared) >= MOST * _n_with_objects(evidence) else plain
    if not _many(wrong, evidence):
        return None
    n_numbers = sum(evidence[path].n_numbers for path in wrong)
    n_pieces = sum(evidence[path].n_sizeable for path in wrong)
    return (
        f"{_files(wrong)}: labels are classes, or numbers were given twice: {n_numbers} numbers are on {n_pieces} "
        f"separate pieces; set acquire.labels: pieces to make an object of each ({_UNCHECKED})"
    )


def _sheets(evidence: Mapping[str, Evidence]) -> str | None:
    wrong = [path for path, seen in evidence.items() if seen.is_sheet]
    if len(wrong) < MOST * _n_with_objects(evidence) or not _many(wrong, evidence):
        return None
    return (
        f"{_files(wrong)}: one object covers most of the image and lies along all its sides in {len(wrong)} of "
        f"{len(evidence)} label images: the background is not 0 or black; invert binary masks, or set "
        f"acquire.background to its number (16777215 is white; {_UNCHECKED})"
    )


def _has_fragments(seen: Evidence) -> bool:
    return seen.n_fragments >= max(MIN_FRAGMENTS, FRAGMENTS * seen.n_pieces)


def _is_shared(seen: Evidence) -> bool:
    return seen.n_sizeable >= PIECES_PER_NUMBER * max(seen.n_numbers, 1)


def _is_plain(seen: Evidence) -> bool:
    return seen.n_sizeable >= seen.n_numbers + MIN_SURPLUS


def _many(wrong: Sequence[str], evidence: Mapping[str, Evidence]) -> bool:
    """Return whether so many files look wrong that the set is; of a set of one file that file is all there is."""
    return len(wrong) >= max(MIN_SHARE * _n_with_objects(evidence), min(MIN_FILES, len(evidence)), 1)


def _n_with_objects(evidence: Mapping[str, Evidence]) -> int:
    return sum(seen.n_numbers > 0 for seen in evidence.values())


def _files(paths: Sequence[str]) -> str:
    return listed(paths, _MOST_FILES)


# Of objects that were made of separate pieces the numbers say nothing.
MASK_CHECKS: tuple[Check, ...] = (_no_object,)
DERIVED_CHECKS: tuple[Check, ...] = (_no_object, _sheets, _fragments)
ALL_CHECKS: tuple[Check, ...] = (_no_object, _number_as_ground, _fragments, _binary, _clipped, _apart, _classes)
