import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cellarena.datasets.splitting.splits import Splitting, split
from cellarena.records import Record

FRACTIONS = {"val": 0.2, "test": 0.3}
MODALITIES = ("brightfield", "fluorescence", "phase contrast")


def record(number, modality=None, group="", subset=""):
    return Record(
        id=f"image{number:04}", image="i.png", labels="l.tiff", modality=modality or MODALITIES[number % 3],
        group=group, subset=subset, height=8, width=8, channels=1, dtype="uint8", n_objects=1,
        sha256=hashlib.sha256(str(number).encode()).hexdigest(), labels_sha256="", source="s", licence="CC0-1.0",
    )  # fmt: skip


def ids(*numbers):
    return [f"image{number:04}" for number in numbers]


def where(subsets):
    return {r.id: name for name, records in subsets.items() for r in records}


MANY = [record(n) for n in range(120)]


@given(st.sets(st.integers(0, 400), min_size=60, max_size=90), st.integers(401, 500), st.integers(0, 50))
def test_an_added_image_moves_no_other(numbers, added, seed):
    records = [record(n) for n in numbers]
    before = where(split(records, [], FRACTIONS, seed))
    after = where(split([*records, record(added)], [], FRACTIONS, seed))
    assert {i: after[i] for i in before} == before


@given(st.sets(st.integers(0, 400), min_size=60, max_size=90), st.integers(401, 500), st.integers(0, 50), st.data())
def test_an_added_near_duplicate_moves_its_own_group_at_most(numbers, added, seed, data):
    records = [record(n) for n in numbers]
    pair = data.draw(st.lists(st.sampled_from(records), min_size=2, max_size=2, unique=True))
    group = [r.id for r in pair]
    before = where(split(records, [group], FRACTIONS, seed))
    after = where(split([*records, record(added)], [[*group, record(added).id]], FRACTIONS, seed))
    assert {i: s for i, s in after.items() if i not in {*group, record(added).id}} == {
        i: s for i, s in before.items() if i not in group
    }
    assert len({after[i] for i in [*group, record(added).id]}) == 1


@given(st.permutations(MANY))
def test_order_of_the_manifest_does_not_matter(records):
    assert split(records, [], FRACTIONS, 0) == split(MANY, [], FRACTIONS, 0)


@given(st.lists(st.lists(st.integers(0, 119), min_size=2, max_size=5, unique=True), max_size=15))
def test_near_duplicates_stay_together(groups):
    named = [ids(*group) for group in groups]
    found = where(split(MANY, named, FRACTIONS, 3))
    assert len(found) == len(MANY)
    assert all(len({found[i] for i in group}) == 1 for group in named)


def test_overlapping_groups_are_one():
    found = where(split(MANY, [ids(0, 1), ids(1, 2), ids(2, 3, 4, 5, 6, 7, 8, 9)], FRACTIONS, 0))
    assert len({found[i] for i in ids(*range(10))}) == 1


def test_a_named_group_stays_together():
    records = [record(n, group=f"experiment{n // 12}") for n in range(240)]
    found = split(records, [], FRACTIONS, 1)
    seen = {name: {r.group for r in members} for name, members in found.items()}
    assert not seen["train"] & seen["val"]
    assert not seen["train"] & seen["test"]
    assert not seen["val"] & seen["test"]


def test_every_modality_gets_the_fractions():
    subsets = split([record(n) for n in range(6000)], [], FRACTIONS, 0)
    for modality in MODALITIES:
        shares = {name: sum(r.modality == modality for r in members) / 2000 for name, members in subsets.items()}
        assert shares == {"train": pytest.approx(0.5, abs=0.04), "val": pytest.approx(0.2, abs=0.04),
                          "test": pytest.approx(0.3, abs=0.04)}  # fmt: skip


def test_another_seed_is_another_split():
    assert where(split(MANY, [], FRACTIONS, 0)) != where(split(MANY, [], FRACTIONS, 1))


def test_fixed_test_images_are_the_test_and_the_rest_keeps_its_proportion():
    records = [record(n, subset="test" if n % 10 == 0 else "") for n in range(3000)]
    subsets = split(records, [], FRACTIONS, 0)
    assert [r.id for r in subsets["test"]] == [r.id for r in records if r.subset == "test"]
    assert len(subsets["val"]) / 2700 == pytest.approx(0.2 / 0.7, abs=0.03)


def test_the_near_duplicate_of_a_fixed_test_image_is_not_made_test():
    records = [record(n, subset="test" if n < 20 else "") for n in range(200)]
    found = where(split(records, [ids(0, 100, 101)], FRACTIONS, 0))
    assert found["image0000"] == "test"
    assert found["image0100"] == found["image0101"] != "test"


def fixed(counts, first=0):
    """Return records of which so many each are fixed in a subset, "" for none."""
    names = [subset for subset, count in counts.items() for _ in range(count)]
    return [record(first + n, subset=subset) for n, subset in enumerate(names)]


@pytest.mark.parametrize(
    ("counts", "drawn"),
    [
        ({"train": 300, "test": 60}, {"val"}),
        ({"train": 100, "test": 60, "": 300}, {"val"}),
        ({"val": 60, "": 300}, {"test"}),
        ({"train": 50, "val": 60, "": 300}, {"test"}),
        ({"val": 60, "test": 60, "": 100}, set()),
        ({"train": 100, "val": 60, "test": 60}, set()),
        ({"train": 100, "": 300}, {"val", "test"}),
    ],
)
def test_the_users_own_subsets_are_kept_and_only_what_is_lacking_is_drawn(counts, drawn):
    records = fixed(counts)
    found = where(split(records, [], FRACTIONS, 0))
    for r in records:
        assert r.subset in {found[r.id], ""} or (r.subset, found[r.id], "" in counts) == ("train", "val", False)
    sizes = {name: sum(subset == name for subset in found.values()) for name in ("val", "test")}
    assert {name for name, size in sizes.items() if size > counts.get(name, 0)} == drawn


def test_val_is_drawn_from_given_training_images_in_proportion_where_nothing_is_left_open():
    subsets = split(fixed({"train": 3000, "test": 60}), [], FRACTIONS, 0)
    assert len(subsets["test"]) == 60
    assert len(subsets["val"]) / 3000 == pytest.approx(0.2 / 0.7, abs=0.03)


@pytest.mark.parametrize("counts", [{"train": 90, "val": 30}, {"train": 90}, {"val": 30, "test": 30}, {"test": 30}])
def test_fixed_images_that_leave_a_subset_empty_are_refused_and_never_moved(counts):
    with pytest.raises(ValueError, match=r"a subset would be empty \(train .*fix every image; .*leave some open"):
        split(fixed(counts), [], FRACTIONS, 0)


def test_what_belongs_to_a_fixed_training_image_trains_too():
    records = fixed({"train": 40, "": 200})
    groups = [ids(n, 40 + n, 100 + n) for n in range(40)]
    found = where(split(records, groups, FRACTIONS, 0))
    assert {found[i] for group in groups for i in group} == {"train"}


@given(
    st.lists(st.sampled_from(["train", "val", "test", ""]), min_size=80, max_size=120), st.integers(0, 50), st.data()
)
def test_fixed_val_and_test_images_stay_whatever_belongs_together(subsets, seed, data):
    records = [record(n, subset=subset) for n, subset in enumerate(["train", "val", "test", "", *subsets])]
    groups = data.draw(st.lists(st.lists(st.sampled_from(records), min_size=2, max_size=4, unique=True), max_size=9))
    named = [[r.id for r in group] for group in groups]
    found = where(split(records, named, FRACTIONS, seed))
    assert all(found[r.id] == r.subset for r in records if r.subset)


@pytest.mark.parametrize("n_images", [0, 1, 2])
@pytest.mark.parametrize("seed", range(5))
def test_an_empty_subset_is_refused_with_the_counts(n_images, seed):
    with pytest.raises(ValueError, match=r"train \d, val \d, test \d.*split\.seed"):
        split(MANY[:n_images], [], FRACTIONS, seed)


@pytest.mark.parametrize(
    "fractions",
    [
        {"val": 0.5, "test": 0.5},
        {"val": 0, "test": 0.1},
        {"val": 0.1, "test": -0.1},
        {"val": 0.1},
        {"val": 1.0, "test": 0.1},
        {"val": float("nan"), "test": 0.1},
    ],
)
def test_bad_fractions_are_refused(fractions):
    with pytest.raises(ValueError, match="val"):
        split(MANY, [], fractions, 0)


def test_unknown_and_double_ids_are_refused():
    with pytest.raises(ValueError, match="nobody"):
        split(MANY, [["image0001", "nobody"]], FRACTIONS, 0)
    with pytest.raises(ValueError, match="different ids"):
        split([*MANY, MANY[0]], [], FRACTIONS, 0)


def test_section():
    section = Splitting(seed=0, val=0.1, test=0.2, distance=10)
    assert section.fractions == {"val": 0.1, "test": 0.2}
    assert section.waiver == ""


@pytest.mark.parametrize("wrong", [{"val": 0.6, "test": 0.4}, {"val": 0}, {"distance": 17}, {"seed": -1}, {"other": 1}])
def test_bad_section_is_refused(wrong):
    with pytest.raises(ValidationError):
        Splitting.model_validate({"seed": 0, "val": 0.1, "test": 0.2, "distance": 10, **wrong})
