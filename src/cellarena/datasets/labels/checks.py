"""Whether all label images of a set are what they are said to be: the evidence of each file, judged together.

What one file can look like by accident is never held against it: a cell with a stray pixel, one in several pieces, one
that fills its image. A set is refused where many of its files look wrong in the same way.
"""

from collections.abc import Callable, Mapping, Sequence

from cellarena.datasets.labels.evidence import FRAGMENT, LIMITS, Evidence
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

_MOST_FILES = 3

Check = Callable[[Mapping[str, Evidence]], tuple[Sequence[str], str]]
"""From the evidence of each label image, by its path, to those that look wrong and what is said if they are many."""


def first_fault(evidence: Mapping[str, Evidence], checks: Sequence[Check]) -> str:
    """Return what the first check that finds something finds wrong with a set of label images, "" if none does."""
    for check in checks:
        wrong, what = check(evidence)
        # Of a set of one file that file is all there is.
        if len(wrong) >= max(MIN_SHARE * _n_with_objects(evidence), min(MIN_FILES, len(evidence)), 1):
            unchecked = "acquire.labels: unchecked takes the numbers as they stand"
            return f"{listed(wrong, _MOST_FILES)}: {what} ({unchecked})"
    return ""


def looks_odd(seen: Evidence) -> bool:
    """Return whether a label image of a set that passes is one for its user to look at."""
    is_marked = bool(seen.ground or seen.apart) or seen.n_clipped > 1
    return is_marked or _has_fragments(seen) or (_is_shared(seen) and _is_plain(seen))


def _no_object(evidence: Mapping[str, Evidence]) -> tuple[Sequence[str], str]:
    wrong = [] if _n_with_objects(evidence) else list(evidence)
    return wrong, "no object in any label image, all is 0; export them again"


def _number_as_ground(evidence: Mapping[str, Evidence]) -> tuple[Sequence[str], str]:
    grounds = {path: seen.ground for path, seen in evidence.items() if seen.ground}
    is_rule = len(grounds) >= MOST * sum(seen.n_numbers > 1 for seen in evidence.values())
    found = sorted(set(grounds.values()))
    return list(grounds) if is_rule else [], (
        f"the number {listed(map(str, found), _MOST_FILES)} lies where background does, and 0 is rare or absent, in "
        f"{len(grounds)} of {len(evidence)} label images; "
        + (f"set acquire.background: {found[0]}" if len(found) == 1 else "make it 0")
    )


def _fragments(evidence: Mapping[str, Evidence]) -> tuple[Sequence[str], str]:
    wrong = [path for path, seen in evidence.items() if _has_fragments(seen)]
    n_fragments = sum(evidence[path].n_fragments for path in wrong)
    return wrong, (
        f"{n_fragments} of {sum(evidence[path].n_pieces for path in wrong)} pieces are specks of at most {FRAGMENT} "
        "pixels on the border of others, as lossy compression (JPEG) or smooth resizing leaves them; export the labels "
        "again, resized to the nearest pixel at most"
    )


def _binary(evidence: Mapping[str, Evidence]) -> tuple[Sequence[str], str]:
    numbers = {seen.only for seen in evidence.values() if seen.n_numbers}
    pairs = [path for path, seen in evidence.items() if seen.n_sizeable > 1]
    plain = [path for path in pairs if _is_plain(evidence[path])]
    wrong = pairs if len(pairs) >= PAIRS * _n_with_objects(evidence) else plain
    is_one = (len(numbers) == 1 or numbers == FOREGROUND) and 0 not in numbers
    return wrong if is_one else [], (
        f"labels are binary: {sum(evidence[path].n_sizeable for path in wrong)} separate pieces, all "
        f"{listed(map(str, sorted(numbers)))}, and no label image holds another number; set acquire.labels: binary to "
        "make an object of each"
    )


def _clipped(evidence: Mapping[str, Evidence]) -> tuple[Sequence[str], str]:
    wrong = [path for path, seen in evidence.items() if seen.n_clipped > 1]
    return wrong, (
        f"the largest number is one where programs clip, {listed(map(str, LIMITS))}, and is on "
        f"{sum(evidence[path].n_clipped for path in wrong)} separate pieces; save the labels with more bits, set "
        "acquire.ignore to that number if nobody annotated there, or acquire.labels: pieces"
    )


def _apart(evidence: Mapping[str, Evidence]) -> tuple[Sequence[str], str]:
    wrong = [path for path, seen in evidence.items() if seen.apart]
    number = next((evidence[path].apart for path in wrong), 0)
    return wrong, (
        f"{number}, the largest number that the type holds, is far from all others in {len(wrong)} of {len(evidence)} "
        f"label images, as programs mark what is no object; set acquire.ignore: {number} if nobody annotated there, or "
        f"acquire.background: {number}"
    )


def _classes(evidence: Mapping[str, Evidence]) -> tuple[Sequence[str], str]:
    shared = [path for path, seen in evidence.items() if _is_shared(seen)]
    plain = [path for path in shared if _is_plain(evidence[path])]
    wrong = shared if len(shared) >= MOST * _n_with_objects(evidence) else plain
    return wrong, (
        f"labels are classes, or numbers were given twice: {sum(evidence[path].n_numbers for path in wrong)} numbers "
        f"are on {sum(evidence[path].n_sizeable for path in wrong)} separate pieces; set acquire.labels: pieces to "
        "make an object of each"
    )


def _sheets(evidence: Mapping[str, Evidence]) -> tuple[Sequence[str], str]:
    wrong = [path for path, seen in evidence.items() if seen.is_sheet]
    return wrong if len(wrong) >= MOST * _n_with_objects(evidence) else [], (
        f"one object covers most of the image and lies along all its sides in {len(wrong)} of {len(evidence)} label "
        "images: the background is not 0 or black; invert binary masks, or set acquire.background to its number, "
        "where 16777215 is white"
    )


def _has_fragments(seen: Evidence) -> bool:
    return seen.n_fragments >= max(MIN_FRAGMENTS, FRAGMENTS * seen.n_pieces)


def _is_shared(seen: Evidence) -> bool:
    return seen.n_sizeable >= PIECES_PER_NUMBER * max(seen.n_numbers, 1)


def _is_plain(seen: Evidence) -> bool:
    return seen.n_sizeable >= seen.n_numbers + MIN_SURPLUS


def _n_with_objects(evidence: Mapping[str, Evidence]) -> int:
    return sum(seen.n_numbers > 0 for seen in evidence.values())


# Of objects that were made of separate pieces the numbers say nothing.
MASK_CHECKS: tuple[Check, ...] = (_no_object,)
DERIVED_CHECKS: tuple[Check, ...] = (_no_object, _sheets, _fragments)
ALL_CHECKS: tuple[Check, ...] = (_no_object, _number_as_ground, _fragments, _binary, _clipped, _apart, _classes)
