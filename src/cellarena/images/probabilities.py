"""Class probabilities in a compact form: two bytes a pixel, which calibration needs no finer than they are."""

from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from cellarena.images.io import read_image, write_image

Probabilities = npt.NDArray[np.float32]
Codes = npt.NDArray[np.uint16]

N_CODES = 2**16
MAX_ERROR = 0.0075
"""How far a probability that was written and read again lies from the one that was given, at most."""

_LIMIT = 16.0
"""Log odds beyond it are cut: a float32 probability is no further from 1 than exp(-16)."""
_LEVELS = 127
_UNLIKELY = -3.0
"""Log odds of foreground below which interior and boundary are told apart roughly."""
_ROUGH = 16


def encoded(probabilities: Probabilities) -> Codes:
    """Return (3, H, W) float32 probabilities of background, interior and boundary as (H, W) uint16, a number a pixel.

    The high byte holds the log odds of foreground against background, the low byte those of interior against boundary.
    Both are cut at +-16 and divided evenly on the scale of their inverse hyperbolic sine: steps of 0.03 where a class
    is in doubt and of 0.4 where there is none. Where foreground has less than 5 %, the low byte keeps 17 values.
    The error in a probability is at most `MAX_ERROR`.

    Raises:
        ValueError: if a value is not finite or negative, or a sum is not 1.
    """
    if probabilities.ndim != 3 or len(probabilities) != 3:
        raise ValueError(f"probabilities have shape {probabilities.shape}, expected (3, H, W)")
    background, interior, boundary = probabilities.astype(np.float64)
    if not np.all(np.abs(background + interior + boundary - 1) < 1e-3) or probabilities.min(initial=0) < 0:
        raise ValueError("probabilities are not finite, negative or do not sum to 1: the network's output is damaged")
    foreground = _levels(_log_odds(interior + boundary, background))
    kind = _levels(_log_odds(interior, boundary))
    rough = foreground < _levels(np.float64(_UNLIKELY))
    kind = np.where(rough, np.clip(np.rint(kind / _ROUGH) * _ROUGH, -_LEVELS, _LEVELS), kind)
    # 128 stands for even odds, 1 and 255 for the extremes; 0 stands for nothing.
    return _joined((foreground + 128).astype(np.uint8), (kind + 128).astype(np.uint8))


@cache
def log_probabilities() -> npt.NDArray[np.float64]:
    """Return what every code stands for: (65536, 3) logarithms of the probabilities; they are not to be changed."""
    levels = np.arange(256) - 128
    odds = np.sinh(levels / _LEVELS * np.arcsinh(_LIMIT))
    sure, unsure = -np.logaddexp(0, -odds), -np.logaddexp(0, odds)
    foreground, kind = np.divmod(np.arange(N_CODES), 256)
    table = np.stack([unsure[foreground], sure[foreground] + sure[kind], sure[foreground] + unsure[kind]], axis=1)
    table.flags.writeable = False
    return table


def write_probabilities(probabilities: Probabilities, path: Path) -> None:
    """Write (3, H, W) probabilities as a TIFF: the high bytes of `encoded` above the low ones, (2H, W) uint8.

    Raises:
        ValueError: as `encoded`; the message names the file.
    """
    try:
        codes = encoded(probabilities)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    # Bytes of one kind side by side compress better than pairs of them.
    write_image(np.concatenate([codes >> 8, codes & 255]).astype(np.uint8), path)


def read_codes(path: Path, shape: tuple[int, int]) -> Codes:
    """Return the (H, W) codes, for an image of this shape, of a file that `write_probabilities` made.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged, of another image, or no file of probabilities.
    """
    planes, (height, width) = read_image(path), shape
    if planes.dtype != np.uint8 or planes.shape != (2 * height, width) or not planes.all():
        raise ValueError(
            f"{path}: {planes.shape} {planes.dtype} are not the probabilities of an image of {height} x {width}; "
            "predict again"
        )
    return _joined(planes[:height], planes[height:])


def _joined(high: npt.NDArray[np.uint8], low: npt.NDArray[np.uint8]) -> Codes:
    return (high.astype(np.uint16) * 256 + low).astype(np.uint16)


def _log_odds(chance: npt.NDArray[np.float64], against: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    tiny = float(np.finfo(np.float32).tiny)
    return np.log(np.maximum(chance, tiny)) - np.log(np.maximum(against, tiny))


def _levels(log_odds: npt.NDArray[np.float64] | np.float64) -> npt.NDArray[np.float64]:
    """Return whole numbers from -127 to 127."""
    cut = np.clip(log_odds, -_LIMIT, _LIMIT)
    return np.asarray(np.rint(np.arcsinh(cut) / np.arcsinh(_LIMIT) * _LEVELS))
