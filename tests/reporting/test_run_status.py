from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.records import Run
from cellarena.reporting.run_status import (
    STATES, Cell, Overview, Progress, Row, StageFacts, Status, as_document, as_json, counted, statuses,
)  # fmt: skip
from cellarena.reporting.text import render_text

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


def row(model, seed, *cells, grids=("benchmark",)):
    run = Run(model, "real", seed)
    return Row(str(run), [Cell(step, status) for step, status in cells], grids, run)


STALE = Status("stale", "models.unet changed")
OVERVIEW = Overview(
    runs=[
        row("unet", 0, ("train", STALE), ("predict", Status("done")), grids=("benchmark", "study")),
        row("unet", 1, ("train", STALE), ("predict", Status("failed", "2 images")), grids=("study",)),
        row("unet", 2, ("train", STALE), grids=("study",)),
        row("otsu", 0, ("predict", Status("done"))),
    ],
    generators=[Row("texture", [Cell("fit", Status("running"), Progress(50, 200))])],
    arms=[],
)


def test_a_run_of_two_grids_counts_in_both():
    counts = OVERVIEW.counts
    assert counts["benchmark"] == dict.fromkeys(STATES, 0) | {"done": 2, "stale": 1}
    assert counts["study"] == dict.fromkeys(STATES, 0) | {"done": 1, "stale": 3, "failed": 1}
    assert sum(counted(OVERVIEW.runs).values()) == 6


def test_json_names_what_a_machine_asks_for():
    told = as_json(OVERVIEW)
    assert [run["run"] for run in told["runs"]] == ["unet-real-0", "unet-real-1", "unet-real-2", "otsu-real-0"]
    assert told["runs"][1] == {
        "run": "unet-real-1", "model": "unet", "arm": "real", "seed": 1, "grids": ["study"],
        "steps": {
            "train": {"state": "stale", "why": "models.unet changed", "step": None, "n_steps": None, "share_done": None},
            "predict": {"state": "failed", "why": "2 images", "step": None, "n_steps": None, "share_done": None},
        },
    }  # fmt: skip
    assert set(told["runs"][3]["steps"]) == {"predict"}
    fit = {"state": "running", "why": "", "step": 50, "n_steps": 200, "share_done": 0.25}
    assert told["generators"] == [{"generator": "texture", "steps": {"fit": fit}}]


def test_people_read_one_row_a_run_and_one_sentence_a_reason():
    text = render_text(as_document(OVERVIEW))
    assert "Benchmark: 2 done, 1 stale" in text
    assert "Study: 1 done, 1 failed, 3 stale" in text
    lines = [line.split() for line in text.splitlines()]
    assert ["FAILED", "unet-real-1", "stale", "failed"] in lines
    assert ["otsu-real-0", "–", "done"] in lines
    assert ["texture", "running,", "step", "50", "of", "200"] in lines
    assert "train stale, models.unet changed: unet-real-1, unet-real-2" in text
    assert "predict failed, 2 images: unet-real-1" in text
    assert "Arms" not in text


def test_more_steps_than_the_budget_has_are_not_more_than_all():
    assert Progress(300, 250).share == 1
