"""The leak guard: no synthetic image may come from, or look like, an image that networks are judged on."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from cellarena.records import Record
from cellarena.synthesis.making import Donor

_SHOWN = 3


@dataclass(frozen=True)
class Ancestry:
    """Where the synthetic images of one generator come from.

    Attributes:
        generator: its name.
        trained_on: sha256 of each image that it was fitted to, by id.
        donors: of all its synthetic images.
    """

    generator: str
    trained_on: Mapping[str, str]
    donors: Sequence[Donor]


def leaks(
    synthetic: Sequence[Record],
    ancestry: Ancestry,
    subsets: Mapping[str, Sequence[Record]],
    allowed: Sequence[Record],
    alike: Sequence[tuple[str, str]],
) -> list[str]:
    """Return what is wrong with where synthetic images come from, a line for each chain.

    A donor, and an image that the generator was fitted to, must be one of the allowed records by id and by sha256.

    Args:
        synthetic: the records that an arm takes.
        ancestry: of their generator.
        subsets: the real records of train, val and test.
        allowed: those of train that the arm may know.
        alike: (synthetic id, real id) of near-duplicates of the images of val and test.

    Returns:
        Lines such as "pix2pix <- synthetic-0003 <- abc (val)"; none if nothing leaks.
    """
    guard = _LeakGuard(subsets, allowed)
    name = ancestry.generator
    trained = [(f"{name} <- {i}", guard.verdict(i, sha256)) for i, sha256 in sorted(ancestry.trained_on.items())]
    of_record: dict[str, list[Donor]] = {}
    for donor in sorted(ancestry.donors):
        of_record.setdefault(donor.record, []).append(donor)
    used = [donor for record in synthetic for donor in of_record.get(record.id, [])]
    given = [(f"{name} <- {d.record} <- {d.donor}", guard.verdict(d.donor, d.donor_sha256)) for d in used]
    unknown = [f"{name} <- {r.id} <- (donors unknown)" for r in synthetic if not of_record.get(r.id)]
    wrong = dict.fromkeys(f"{chain} ({why})" for chain, why in [*trained, *given] if why)
    ids = {record.id for record in synthetic}
    near = [f"{name} <- {i} ~ {real} ({guard.subset(real)}, near-duplicate)" for i, real in alike if i in ids]
    return [*unknown, *wrong, *near]


def refuse_leaks(arm: str, found: Sequence[str]) -> None:
    """Do nothing if nothing leaks.

    Raises:
        ValueError: if something does; the message names the first few chains.
    """
    if found:
        more = f"; and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise ValueError(
            f"the arm {arm} leaks: {'; '.join(found[:_SHOWN])}{more}; run `dvc repro` to fit the generator and to make "
            "its images anew from the arm's training images; where images only look alike, change synthesize.seed"
        )


class _LeakGuard:
    """Says of an image whether it is allowed, and if not what it is."""

    def __init__(self, subsets: Mapping[str, Sequence[Record]], allowed: Sequence[Record]) -> None:
        self._subset_of = {r.id: name for name, records in subsets.items() for r in records}
        self._sha256_of = {r.id: r.sha256 for records in subsets.values() for r in records}
        self._held_out = {
            r.sha256: (r.id, name) for name, records in subsets.items() if name != "train" for r in records
        }
        self._allowed = {r.id for r in allowed}

    def subset(self, record_id: str) -> str:
        return self._subset_of.get(record_id, "in no subset")

    def verdict(self, record_id: str, sha256: str) -> str:
        """Return what is wrong with an image, nothing if it is allowed."""
        return next(self._faults(record_id, sha256), "")

    def _faults(self, record_id: str, sha256: str) -> Iterator[str]:
        subset = self.subset(record_id)
        if subset != "train":
            yield subset
        if sha256 in self._held_out:
            other, where = self._held_out[sha256]
            yield f"{subset}, but with the sha256 of {other} ({where})"
        if sha256 != self._sha256_of.get(record_id):
            yield f"{subset}, but with another sha256"
        if record_id not in self._allowed:
            yield f"{subset}, but not among the arm's real images"
