"""What a model may be used for: it follows from all that the model was made from."""

from collections.abc import Iterable, Mapping
from typing import Any

from cellarena.records import Record
from cellarena.registry.packages.package import Licence

UNKNOWN = "unknown"
_IMAGENET = "LicenseRef-ImageNet-research"


def licence_of(records: Iterable[Record], cards: Iterable[Mapping[str, Any]]) -> Licence:
    """Return the licence of a model, from the records of its arm, synthetic ones too, and all cards of its checkpoint.

    A licence that forbids commercial use is inherited, whatever the others say; so is ignorance of a licence. The
    licence of a synthetic image already holds those of its donors.
    """
    parents = {f"images: {record.source}": record.licence.strip() or UNKNOWN for record in records}
    for card in cards:
        parents |= _weights(card)
    names = sorted({name for licence in parents.values() for name in licence.split(" AND ")})
    whole = UNKNOWN if UNKNOWN in names or not names else " AND ".join(names)
    forbidden = any(map(forbids_commerce, names))
    return Licence(name=whole, is_non_commercial=forbidden, parents=dict(sorted(parents.items())))


def forbids_commerce(licence: str) -> bool:
    """Return whether a licence, named as in SPDX, excludes commercial use; Creative Commons licences say NC then."""
    return licence == _IMAGENET or "NC" in licence.upper().split("-")


def _weights(card: Mapping[str, Any]) -> dict[str, str]:
    """Return the licence of the weights that a training started from, and of an imported checkpoint."""
    if origin := card.get("origin"):
        return {f"weights: {origin['file']}": origin["licence"]}
    own = card.get("hyperparameters", {})
    if own.get("checkpoint"):
        # SAM's are Apache-2.0; a tiny encoder's are a file of the user's.
        return {f"weights: {own['checkpoint']}": UNKNOWN if own.get("encoder") == "tiny" else "Apache-2.0"}
    if own.get("weights"):
        return {f"weights: {own['weights']}": f"BSD-3-Clause AND {_IMAGENET}"}
    return {}
