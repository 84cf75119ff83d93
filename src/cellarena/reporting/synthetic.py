"""Synthetic images beside real ones: which of them are shown."""

from collections.abc import Sequence

from cellarena.records import Record
from cellarena.seeds import digest

_N = 2


def beside_each_other(real: Sequence[Record], synthetic: Sequence[Record]) -> list[tuple[Record, bool]]:
    """Return two real and two synthetic records of each modality that both have, whatever they look like.

    Args:
        real: the train subset.
        synthetic: what a generator made.

    Returns:
        Modality by modality, real ones first: the record, and whether it is synthetic. Of a modality with a single
        image of either kind, one pair, so that rows of four hold no third kind.

    Raises:
        ValueError: if they have no modality in common.
    """
    modalities = sorted({r.modality for r in real} & {r.modality for r in synthetic})
    if not modalities:
        raise ValueError("the synthetic images have no modality of the train subset; run `dvc repro synthesize`")
    shown = []
    for modality in modalities:
        pools = [_drawn(records, modality) for records in (real, synthetic)]
        n = min(_N, *map(len, pools))
        shown += [(record, is_made) for is_made, pool in enumerate(pools) for record in pool[:n]]
    return [(record, bool(is_made)) for record, is_made in shown]


def _drawn(records: Sequence[Record], modality: str) -> list[Record]:
    """Return a modality's records in an order that follows from the images alone."""
    return sorted((r for r in records if r.modality == modality), key=lambda r: digest("beside", r.sha256, r.id))
