from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.status.states import StageFacts, changed_above, statuses

CHAIN = {"split": StageFacts(), "train": StageFacts(["split"]), "predict": StageFacts(["train"])}


def states(**changes):
    """Return the states of a chain of three stages that are done, but for what is changed of them."""
    facts = {name: replace(stage, **changes.get(name, {})) for name, stage in CHAIN.items()}
    return [status.state for status in statuses(facts).values()]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["done", "done", "done"]),
        ({"train": {"changed": ["models.unet changed"]}}, ["done", "stale", "stale"]),
        ({"split": {"changed": ["split changed"]}, "predict": {"missing": ["p"]}}, ["stale", "stale", "missing"]),
        # Predictions stand although the checkpoint was not pulled.
        ({"train": {"missing": ["c"]}}, ["done", "missing", "done"]),
        ({"train": {"missing": ["c"], "changed": ["not in dvc.lock"], "running": True}}, ["done", "running", "stale"]),
        ({"train": {"missing": ["c"], "remains": True}}, ["done", "interrupted", "done"]),
        # What another training left behind does not matter once this one is done.
        ({"train": {"remains": True}}, ["done", "done", "done"]),
        ({"train": {"changed": ["training changed"], "remains": True}}, ["done", "interrupted", "stale"]),
        ({"predict": {"n_failed": 2}}, ["done", "done", "failed"]),
        ({"predict": {"n_failed": 2}, "train": {"changed": ["x changed"]}}, ["done", "stale", "stale"]),
        ({"predict": {"n_failed": 2, "running": True}}, ["done", "done", "running"]),
    ],
)
def test_states_follow_from_what_is_known(changes, expected):
    assert states(**changes) == expected


def test_the_first_cause_is_named_and_whether_it_lies_upstream():
    facts = CHAIN | {"split": StageFacts(changed=["split.val changed", "split.test changed"])}
    assert [status.why for status in statuses(facts).values()] == [
        "split.val changed", "split.val changed upstream", "split.val changed upstream",
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["", "changed", "missing", "running", "n_failed"]), min_size=1, max_size=6))
def test_nothing_downstream_of_a_change_is_done(kinds):
    facts = {
        str(i): StageFacts([str(i - 1)] if i else [], **({kind: 1 if kind == "n_failed" else [kind]} if kind else {}))
        for i, kind in enumerate(kinds)
    }
    found = statuses(facts)
    if "changed" in kinds:
        first = kinds.index("changed")
        assert {found[str(i)].state for i in range(first, len(kinds))} <= {"stale", "missing", "running"}
    untouched = kinds[: kinds.index("changed")] if "changed" in kinds else kinds
    assert [found[str(i)].state for i, kind in enumerate(untouched) if not kind] == ["done"] * untouched.count("")


def test_every_stage_above_that_changed_is_told_the_nearest_first():
    facts = {name: replace(stage, changed=[name]) for name, stage in CHAIN.items() if name != "train"}
    facts |= {"train": CHAIN["train"], "explore": StageFacts(["split"], changed=["explore"])}
    assert list(changed_above("predict", facts).items()) == [("predict", ["predict"]), ("split", ["split"])]
    assert changed_above("train", CHAIN) == {}
