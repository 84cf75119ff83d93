"""Independent, reproducible random streams: randomness is derived from what it is for, never from call order."""

import hashlib

import numpy as np


def digest(*purpose: str | int) -> int:
    """Return a 128-bit integer that depends on every part of `purpose` and on their order.

    Args:
        purpose: what the number is for, such as a seed, a word and a record id.

    Returns:
        An integer in [0, 2**128), the same on every machine.
    """
    joined = "\x1f".join(f"{type(part).__name__}:{part}" for part in purpose)
    return int.from_bytes(hashlib.sha256(joined.encode()).digest()[:16], "big")


def generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """Return the random stream of one purpose; a stream never shifts when another is added.

    Args:
        seed: the run's or data set's seed, at least 0.
        purpose: what the stream is for, such as "crop" and an index.

    Returns:
        A PCG64 generator.
    """
    return np.random.default_rng(digest(seed, *purpose))


def uniform(seed: int, *purpose: str | int) -> float:
    """Return one number in [0, 1) that depends on nothing but seed and purpose."""
    # A double holds 53 bits; more would round up to 1.
    return (digest(seed, *purpose) >> 75) / 2**53
