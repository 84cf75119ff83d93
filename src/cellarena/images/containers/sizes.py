"""How large an image may be."""

from cellarena.faults import SecurityError


def refuse_huge(n_pixels: int, limit: int) -> None:
    """Do nothing if an image is not too large.

    Raises:
        SecurityError: if it declares more pixels than the limit.
    """
    if n_pixels > limit:
        raise SecurityError(f"declares {n_pixels:,} pixels, more than acquire.max_pixels ({limit:,})")
