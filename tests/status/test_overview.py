from cellarena.records import Run
from cellarena.reporting.tables import UNDEFINED
from cellarena.reporting.text import render_text
from cellarena.status.overview import Overview, Progress, Row, StepStatus, as_document, as_json, counted
from cellarena.status.states import STATES, Status


def row(model, seed, *cells, grids=("benchmark",)):
    run = Run(model, "real", seed)
    return Row(str(run), [StepStatus(step, status) for step, status in cells], grids, run)


STALE = Status("stale", "models.unet changed")
OVERVIEW = Overview(
    runs=[
        row("unet", 0, ("train", STALE), ("predict", Status("done")), grids=("benchmark", "study")),
        row("unet", 1, ("train", STALE), ("predict", Status("failed", "2 images")), grids=("study",)),
        row("unet", 2, ("train", STALE), grids=("study",)),
        row("otsu", 0, ("predict", Status("done"))),
    ],
    generators=[Row("texture", [StepStatus("fit", Status("running"), Progress(50, 200))])],
    arms=[],
)


def test_a_run_of_two_grids_counts_in_both():
    counts = OVERVIEW.counts
    assert counts["benchmark"] == dict.fromkeys(STATES, 0) | {"done": 2, "stale": 1}
    assert counts["study"] == dict.fromkeys(STATES, 0) | {"done": 1, "stale": 3, "failed": 1}
    assert sum(counted(OVERVIEW.runs).values()) == 6


def test_json_names_what_a_machine_asks_for():
    told = as_json(OVERVIEW)
    unknown = dict.fromkeys(("step", "n_steps", "share_done"))
    assert [run["run"] for run in told["runs"]] == ["unet-real-0", "unet-real-1", "unet-real-2", "otsu-real-0"]
    assert told["runs"][1] == {
        "run": "unet-real-1", "model": "unet", "arm": "real", "seed": 1, "grids": ["study"],
        "steps": {
            "train": {"state": "stale", "why": "models.unet changed", **unknown},
            "predict": {"state": "failed", "why": "2 images", **unknown},
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
    assert ["otsu-real-0", UNDEFINED, "done"] in lines
    assert ["texture", "running,", "step", "50", "of", "200"] in lines
    assert "train stale, models.unet changed: unet-real-1, unet-real-2" in text
    assert "predict failed, 2 images: unet-real-1" in text
    assert "Arms" not in text


def test_more_steps_than_the_budget_has_are_not_more_than_all():
    assert Progress(300, 250).share == 1
