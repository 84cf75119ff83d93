"""Train, val and test: drawn from content and seed alone, stratified by modality, near-duplicates together."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
from pydantic import Field, model_validator

from cellarena.records import Record
from cellarena.section import Section
from cellarena.seeds import uniform

SUBSETS = ("train", "val", "test")


class Splitting(Section):
    """The section `split` of params.yaml."""

    seed: int = Field(ge=0)
    val: float = Field(gt=0, lt=1)
    """Fraction of the images for validation; not used where the data set fixes its own."""
    test: float = Field(gt=0, lt=1)
    """Fraction of the images for the test; not used where the data set fixes its own test images."""
    distance: int = Field(ge=0, le=16)
    """Bits of the perceptual hash that two near-duplicates may differ in."""
    waiver: str = ""
    """A reason: near-duplicates that straddle subsets are then reported, not refused."""

    @model_validator(mode="after")
    def _leave_some_for_training(self) -> "Splitting":
        _refuse_bad_fractions(self.fractions)
        return self

    @property
    def fractions(self) -> dict[str, float]:
        """The fractions of val and test, as `split` takes them."""
        return {"val": self.val, "test": self.test}


def split(
    records: Sequence[Record], groups: Iterable[Sequence[str]], fractions: Mapping[str, float], seed: int
) -> dict[str, list[Record]]:
    """Return which records train, validate and test.

    The records of one near-duplicate group, or of one `Record.group`, stay together. Their draw depends on nothing but
    the seed and the smallest content hash among them, so that an added image moves no other, unless it is the
    near-duplicate of some; then it moves at most these. Every modality is drawn for with the same fractions.

    Records that the data set fixes in a subset are in that subset, and none is drawn for test or val that are given;
    one without a subset that belongs to a fixed training image trains too. Only where test is given and no record is
    left open, val is drawn from the training images, in proportion.

    Args:
        records: the records, their ids unique.
        groups: ids of near-duplicates, as from `near_duplicate_groups`; groups may overlap.
        fractions: of "val" and "test", each in (0, 1), their sum below 1; train is what remains.
        seed: of the draw, at least 0.

    Returns:
        The records of "train", "val" and "test", each sorted by id.

    Raises:
        ValueError: if the fractions are bad, an id comes twice, a group names an unknown id or a subset would be empty.
    """
    _refuse_bad_fractions(fractions)
    given = {record.subset for record in records}
    edges = _edges(given, fractions)
    drawn_from = "" if "" in given else "train"
    subsets: dict[str, list[Record]] = {name: [] for name in SUBSETS}
    for bundle in _bundles(records, groups):
        first = min(bundle, key=lambda r: (r.sha256, r.id))
        draw = uniform(seed, "split", first.modality, first.sha256)
        drawn = next((name for name, edge in edges if draw < edge), "train")
        if not drawn_from and any(record.subset == "train" for record in bundle):
            drawn = "train"
        for record in bundle:
            subsets[drawn if record.subset == drawn_from else record.subset].append(record)
    _refuse_empty(subsets, given)
    return {name: sorted(members, key=lambda r: r.id) for name, members in subsets.items()}


def _edges(given: Collection[str], fractions: Mapping[str, float]) -> list[tuple[str, float]]:
    """Return the upper edge of each subset's part of [0, 1), train's excepted; a subset that is given has none.

    Of fixed images only val is drawn, and only if there are some for the test.
    """
    val, test = fractions["val"], fractions["test"]
    if {"test", "val"} <= set(given) or ("" not in given and "test" not in given):
        return []
    if "test" in given:
        return [("val", val / (1 - test))]
    if "val" in given:
        return [("test", test / (1 - val))]
    return [("test", test), ("val", test + val)]


def _bundles(records: Sequence[Record], groups: Iterable[Sequence[str]]) -> list[list[Record]]:
    """Return the records in connected components of all that ties them together."""
    place = {record.id: number for number, record in enumerate(records)}
    if len(place) < len(records):
        raise ValueError(f"the manifest has {len(records)} records but only {len(place)} different ids")
    ties = [*groups, *named_groups(records).values()]
    if unknown := sorted({member for tie in ties for member in tie} - set(place)):
        raise ValueError(f"near-duplicate group names {', '.join(unknown)}, which the manifest does not have")
    edges = [(place[tie[0]], place[member]) for tie in ties for member in tie]
    return [[records[number] for number in bundle] for bundle in connected(len(records), *zip(*edges, strict=True))]


def connected(n: int, left: npt.ArrayLike = (), right: npt.ArrayLike = ()) -> list[list[int]]:
    """Return the connected components of 0..n-1 that edges from left to right make, each ascending."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    ends = (np.asarray(left, np.int64), np.asarray(right, np.int64))
    graph = coo_array((np.ones(ends[0].size, bool), ends), shape=(n, n))
    components: dict[int, list[int]] = {}
    for member, number in enumerate(connected_components(graph, directed=False)[1].tolist()):
        components.setdefault(number, []).append(member)
    return list(components.values())


def named_groups(records: Iterable[Record]) -> dict[str, list[str]]:
    """Return the ids of each group that a manifest names, sorted by id."""
    named: dict[str, list[str]] = {}
    for record in sorted(records, key=lambda r: r.id):
        if record.group:
            named.setdefault(record.group, []).append(record.id)
    return named


def _refuse_bad_fractions(fractions: Mapping[str, float]) -> None:
    if set(fractions) != {"val", "test"} or not all(0 < fraction < 1 for fraction in fractions.values()):
        raise ValueError(f"split fractions are {dict(fractions)}: expected val and test, each between 0 and 1")
    if sum(fractions.values()) >= 1:
        raise ValueError(f"val {fractions['val']} + test {fractions['test']} leave nothing to train on: keep below 1")


def _refuse_empty(subsets: Mapping[str, Sequence[Record]], given: Collection[str]) -> None:
    if all(subsets.values()):
        return
    counts = ", ".join(f"{name} {len(members)}" for name, members in subsets.items())
    way_out = "add images, or change split.val, split.test or split.seed"
    if given and "" not in given:
        way_out = "folders or manifest.csv fix every image; fix some in that subset too, or leave some open to be drawn"
    raise ValueError(f"a subset would be empty ({counts}): {way_out}")
