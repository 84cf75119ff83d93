"""Where one picture lies in an array of named axes: its plane, its channels."""

from collections.abc import Sequence
from dataclasses import dataclass

from cellarena.images.picture import Choice

ROW, COLUMN, SAMPLE, CHANNEL = "Y", "X", "S", "C"
_PICTURE = frozenset({ROW, COLUMN, SAMPLE, CHANNEL})
_UNNAMED = frozenset("QI")
_MOST_CHANNELS = 16
"""What has no more columns than that, many fewer than pages and rows, and no named axes has its channels last."""


@dataclass(frozen=True)
class Place:
    """Where a picture lies."""

    axes: str  # a letter for each axis of the array: Y, X, C or S for its channels, and what the container says else
    fixed: dict[int, int]  # axes of length 1, and of planes: by position the number, from 0, of the wanted one
    channel: int | None  # position of the channels' axis


def find_picture(axes: str, shape: Sequence[int], choice: Choice) -> Place:
    """Return where the wanted picture lies.

    Channels are an axis that is named so, samples of a pixel, or, if channels are asked for, one without a name.

    Args:
        axes: a letter for each axis as tifffile has them: Q and I are pages that nobody named.
        shape: of the array.
        choice: says which plane of a stack, which channels.

    Raises:
        ValueError: if there are several planes and none or one beyond the last is chosen.
    """
    axes = _with_channels_last(axes, shape)
    long = [position for position, n in enumerate(shape) if n > 1 and axes[position] not in {ROW, COLUMN}]
    channels = [position for position in long if axes[position] in {SAMPLE, CHANNEL}]
    others = [position for position in long if position not in channels]
    if choice.channels and not channels and len(others) == 1 and axes[others[0]] in _UNNAMED:
        channels, others = others, []
    if len(channels) > 1:
        raise ValueError(f"has channels of several colours each ({_told(axes, shape)}); save one picture per file")
    fixed = {position: 0 for position, n in enumerate(shape) if n == 1 and axes[position] not in {ROW, COLUMN}}
    for position in others:
        fixed[position] = _plane(position, axes, shape, choice)
    return Place(axes, fixed, channels[0] if channels else None)


def _with_channels_last(axes: str, shape: Sequence[int]) -> str:
    """Take the last of three axes for channels where the container names none and only that is sensible."""
    is_narrow = len(shape) == 3 and shape[2] <= min(_MOST_CHANNELS, (min(shape[:2]) - 1) // 2)
    return ROW + COLUMN + SAMPLE if is_narrow and axes[0] in _UNNAMED and axes[1:] == ROW + COLUMN else axes


def _plane(position: int, axes: str, shape: Sequence[int], choice: Choice) -> int:
    letter, n = axes[position], shape[position]
    key = "t" if letter == "T" else "z"
    wanted = choice.t if key == "t" else choice.z
    is_taken = letter not in {"T", "Z"} and sum(axis not in _PICTURE for axis in axes) > 1
    if wanted is None or is_taken:
        way_out = "" if is_taken else f"choose one with acquire.plane ({key}: 1 to {n}) or "
        raise ValueError(f"is a stack ({_told(axes, shape)}); {way_out}save the plane as a file of its own")
    if wanted > n:
        raise ValueError(f"acquire.plane.{key} is {wanted}, but it has {n} planes ({_told(axes, shape)})")
    return wanted - 1


def _told(axes: str, shape: Sequence[int]) -> str:
    """Return axes as people read them: `T 12, Y 128, X 128`, pages without a name as `pages 12`."""
    names = ("pages" if letter in _UNNAMED else letter for letter in axes)
    return ", ".join(f"{name} {n}" for name, n in zip(names, shape, strict=True))
