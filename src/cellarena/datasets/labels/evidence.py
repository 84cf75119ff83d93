"""What one label image says of what it is: its numbers, their pieces, what lies where background does."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage
from cellarena.images.labels import consecutive

# A piece of a cell that a stroke of the pen cut off is smaller than this share of the cell's largest piece.
SIZEABLE = 0.2
# A speck has at most so many pixels.
FRAGMENT = 4
# A number is everywhere that background is: most of the image, or along all its sides; where 0 is rare and others are.
COVERS = 0.5
RARE = 0.1
# The largest numbers of 8 and 16 bits, where programs clip numbers or start anew, and the share of the numbers up to
# there that are in use if so.
LIMITS = (255, 65535)
USED_UP = 0.98
MIN_RECYCLED = 3


@dataclass(frozen=True)
class Evidence:
    """What one label image says of what it is."""

    n_numbers: int  # how many numbers it holds besides 0
    n_pieces: int  # 8-connected pieces of one number
    n_sizeable: int  # those of at least SIZEABLE of the largest piece of their number
    n_fragments: int  # those of at most FRAGMENT pixels that touch another number than 0
    n_clipped: int  # sizeable pieces of the largest of several numbers if that is one of LIMITS, else 0
    apart: int  # the largest number of its type, such as 65535, if others are at most half of it, else 0
    only: int  # the number if there is one only, else 0
    ground: int  # the number that lies where background does although others are there and 0 is rare or absent, else 0
    is_sheet: bool  # whether one number covers most of the image and lies along all its sides


@dataclass(frozen=True)
class _Pieces:
    """The pieces of a label image: piece 0 is background; number i is the i-th smallest that the image holds."""

    map: npt.NDArray[Any]  # (H, W) numbers of pieces
    areas: npt.NDArray[np.int64]  # of each piece (px); that of background is 0
    covered: npt.NDArray[np.int64]  # by each number (px)
    n_sizeable: npt.NDArray[np.int64]  # of each number, how many sizeable pieces it has

    @property
    def n_numbers(self) -> int:
        return len(self.covered) - 1


def look_at(labels: LabelImage) -> Evidence:
    """Return what one label image, (H, W) integers of at least 0, says of what it is."""
    pieces = _pieces(labels)
    largest = int(labels.max(initial=0))
    is_last = largest == np.iinfo(labels.dtype).max
    second = int(labels.max(initial=0, where=labels != largest)) if is_last else 0
    return Evidence(
        n_numbers=pieces.n_numbers,
        n_pieces=len(pieces.areas) - 1,
        n_sizeable=int(pieces.n_sizeable.sum()),
        n_fragments=_n_fragments(pieces),
        n_clipped=int(pieces.n_sizeable[-1]) if largest in LIMITS and pieces.n_numbers > 1 else 0,
        apart=largest if 0 < second <= largest // 2 else 0,
        only=largest if pieces.n_numbers == 1 else 0,
        ground=_ground(labels, pieces),
        is_sheet=_is_sheet(labels, pieces),
    )


def recycled(labels: LabelImage) -> str:
    """Return what is wrong with a label image whose numbers ran out, "" if they did not.

    Numbers that start anew at the limit of 8 or 16 bits put the smallest of them on several cells each; clipped ones
    put the limit on several. No cell is told from another then, in this file alone.
    """
    largest = int(labels.max(initial=0))
    limit = next((limit for limit in LIMITS if USED_UP * limit <= largest <= limit), None)
    if limit is None or consecutive(labels).max() < USED_UP * limit:
        return ""
    n_sizeable = _pieces(labels).n_sizeable[1:]
    several = n_sizeable > 1
    n_several = int(np.count_nonzero(several))
    anew = n_several >= MIN_RECYCLED and np.count_nonzero(several[:n_several]) * 2 >= n_several
    if not anew and n_sizeable[-1] < MIN_RECYCLED:
        return ""
    return (
        f"labels use up the numbers to {limit}, and {n_several} of them are on several separate pieces: there are more "
        f"objects than numbers; save them with more bits, or set acquire.labels: pieces, which lacks those that became "
        "0, or unchecked, which takes the numbers as they stand"
    )


def _pieces(labels: LabelImage) -> _Pieces:
    from skimage.measure import label

    numbers = consecutive(labels)
    pieces, n_pieces = label(numbers, background=0, connectivity=2, return_num=True)
    areas = np.bincount(pieces.ravel(), minlength=n_pieces + 1)
    number_of = np.zeros(n_pieces + 1, np.int64)
    number_of[pieces.ravel()] = numbers.ravel()
    areas[0] = 0
    covered = np.bincount(number_of, areas).astype(np.int64)
    largest = np.zeros(len(covered), np.int64)
    np.maximum.at(largest, number_of, areas)
    sizeable = areas >= SIZEABLE * largest[number_of]
    sizeable[0] = False
    return _Pieces(pieces, areas, covered, np.bincount(number_of[sizeable], minlength=len(covered)))


def _n_fragments(pieces: _Pieces) -> int:
    """Return how many pieces of at most `FRAGMENT` pixels touch, corners included, another piece than background."""
    small = pieces.areas <= FRAGMENT
    small[0] = False
    rows, columns = np.nonzero(small[pieces.map]) if small.any() else (np.empty(0, int), np.empty(0, int))
    height, width = pieces.map.shape
    own = pieces.map[rows, columns]
    touching = np.zeros(len(rows), bool)
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            beside = pieces.map[(rows + down).clip(0, height - 1), (columns + right).clip(0, width - 1)]
            touching |= (beside != own) & (beside != 0)
    return len(np.unique(own[touching]))


def _ground(labels: LabelImage, pieces: _Pieces) -> int:
    covered = pieces.covered
    if pieces.n_numbers < 2 or labels.size - covered.sum() > RARE * labels.size:
        return 0
    values = np.unique(labels[labels != 0])
    widest = int(np.argmax(covered))
    if covered[widest] > COVERS * labels.size:
        return int(values[widest - 1])
    around = _along_all_sides(labels)
    return max(around, key=lambda value: covered[np.searchsorted(values, value) + 1], default=0)


def _is_sheet(labels: LabelImage, pieces: _Pieces) -> bool:
    widest = pieces.covered.max(initial=0)
    is_wide = bool(widest > COVERS * labels.size)
    return is_wide and any(np.count_nonzero(labels == value) == widest for value in _along_all_sides(labels))


def _along_all_sides(labels: LabelImage) -> list[int]:
    """Return the numbers but 0 that touch each of the four sides of an image."""
    first, *others = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return [int(value) for value in np.unique(first) if value and all((side == value).any() for side in others)]
