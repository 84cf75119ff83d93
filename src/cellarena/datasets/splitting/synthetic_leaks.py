"""The leak guard: no synthetic image may come from, or look like, an image that networks are judged on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cellarena.records import Record
from cellarena.synthesis.making import Donor

_SHOWN = 3


@dataclass(frozen=True)
class Ancestry:
    """Where the synthetic images of one generator come from."""

    generator: str
    trained_on: Mapping[str, str]  # sha256 of each image that it was fitted to, by id
    donors: Sequence[Donor]  # of all its synthetic images


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
    real = {record.id: (subset, record.sha256) for subset, records in subsets.items() for record in records}
    judged = {r.sha256: f"{r.id} ({name})" for name in subsets if name != "train" for r in subsets[name]}
    known = {record.id for record in allowed}

    def fault(record_id: str, sha256: str) -> str:
        subset, own = real.get(record_id, ("in no subset", ""))
        if subset != "train":
            return subset
        if sha256 in judged:
            return f"train, but with the sha256 of {judged[sha256]}"
        if sha256 != own:
            return "train, but with another sha256"
        return "" if record_id in known else "train, but not among the arm's real images"

    name = ancestry.generator
    trained = [(f"{name} <- {i}", fault(i, sha256)) for i, sha256 in sorted(ancestry.trained_on.items())]
    of_record: dict[str, list[Donor]] = {}
    for donor in sorted(ancestry.donors):
        of_record.setdefault(donor.record, []).append(donor)
    used = [donor for record in synthetic for donor in of_record.get(record.id, [])]
    given = [(f"{name} <- {d.record} <- {d.donor}", fault(d.donor, d.donor_sha256)) for d in used]
    unknown = [f"{name} <- {r.id} <- (donors unknown)" for r in synthetic if not of_record.get(r.id)]
    wrong = dict.fromkeys(f"{chain} ({why})" for chain, why in [*trained, *given] if why)
    ids = {record.id for record in synthetic}
    near = [f"{name} <- {i} ~ {other} ({real[other][0]}, near-duplicate)" for i, other in alike if i in ids]
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
