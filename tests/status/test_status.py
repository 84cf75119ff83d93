"""The state of a real git and DVC repository whose stages copy a file in place of training."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from importlib.metadata import version

import pytest
import yaml

from cellarena.layout import Layout
from cellarena.params.mirror import load_params
from cellarena.records import Run
from workspace import ROOT, Workspace, wait_for

UNET, OTSU = Run("unet", "real", 0), Run("otsu", "real", 0)


def stage(source, *outs, params=()):
    """Return a stage that copies a file into folders or to a path with a suffix."""
    commands = [f"mkdir -p {out.parent if out.suffix else out} && cp {source} {out}" for out in outs]
    return {
        "cmd": " && ".join(commands), "deps": [str(source)], "params": list(params), "outs": [str(out) for out in outs]
    }  # fmt: skip


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A repository in which every stage ran; to be copied."""
    workspace = Workspace(tmp_path_factory.mktemp("finished") / "project")
    root = workspace.root
    layout = Layout(root.relative_to(root))
    root.mkdir()
    (root / "failures.csv").write_text("image,reason\n")
    (root / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    workspace.set_params(**{
        "benchmark.models": ["unet", "otsu"], "benchmark.ensembles": [], "seeds": [0],
        "study": {"models": [], "arms": ["mixed50"]},
    })  # fmt: skip
    table = layout.failures(UNET)
    stages = {
        "arms": {**stage("failures.csv", layout.arm("mixed50")), "outs": [str(layout.arms)]},
        "train": stage(layout.arm("mixed50"), layout.checkpoint(UNET), params=["models.unet"]),
        "predict": stage(layout.checkpoint(UNET) / "mixed50.csv", layout.predictions(UNET)),
        "evaluate": stage(layout.predictions(UNET) / "mixed50.csv", layout.scores(UNET)),
        "floor": stage("failures.csv", layout.predictions(OTSU)),
        "evaluate-floor": stage(layout.predictions(OTSU) / table.name, layout.scores(OTSU)),
    }
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    (root / ".gitignore").write_text("/data/\n")
    workspace.run("git", "init", "--quiet")
    workspace.run("dvc", "init", "--quiet")
    workspace.run("dvc", "repro", "--quiet")
    return workspace


@pytest.fixture
def project(finished, tmp_path):
    return finished.copy(tmp_path)


@pytest.fixture
def status(cellarena, monkeypatch):
    """Ask for the state of a workspace: {row: {step: state}}, whatever kind of row it is."""

    def ask(workspace):
        for name, value in workspace.environment.items():
            monkeypatch.setenv(name, value)
        outcome = cellarena(workspace.root, "status", "--json")
        assert outcome.code == 0, outcome.err
        told = json.loads(outcome.out)
        return {
            row[kind]: {step: cell["state"] for step, cell in row["steps"].items()}
            for kind in ("run", "generator", "arm")
            for row in told[f"{kind}s"]
        }

    return ask


DONE = {
    str(UNET): {"train": "done", "predict": "done", "evaluate": "done"},
    str(OTSU): {"predict": "done", "evaluate": "done"},
    "mixed50": {"compose": "done"},
}


def test_what_ran_is_done_and_asking_changes_nothing(project, status):
    before = project.hashes(".")
    assert status(project) == DONE
    assert project.hashes(".") == before


def test_a_changed_parameter_makes_stale_what_depends_on_it(project, status):
    project.set_params(**{"models.unet.width": 8, "models.sac.width": 8})
    assert status(project) == DONE | {str(UNET): {"train": "stale", "predict": "stale", "evaluate": "stale"}}
    project.run("dvc", "repro", "--quiet")
    assert status(project) == DONE


def test_a_changed_source_makes_everything_stale(project, status):
    (project.root / "failures.csv").write_text("image,reason\na,b\n")
    assert {state for row in status(project).values() for state in row.values()} == {"stale"}


def test_a_changed_command_makes_stale(project, status):
    path = project.root / "dvc.yaml"
    path.write_text(path.read_text().replace("cp failures.csv data/predictions", "cp -f failures.csv data/predictions"))
    assert status(project) == DONE | {str(OTSU): {"predict": "stale", "evaluate": "stale"}}


def test_what_was_edited_by_hand_is_stale(project, status):
    scores = project.root / Layout(project.root).scores(UNET)
    scores.unlink()
    scores.write_text("better\n")
    assert status(project)[str(UNET)] == {"train": "done", "predict": "done", "evaluate": "stale"}


def test_what_is_not_there_is_missing_and_comes_back(project, status):
    subprocess.run(["rm", "-r", "data/checkpoints"], cwd=project.root, check=True)
    assert status(project)[str(UNET)] == {"train": "missing", "predict": "done", "evaluate": "done"}
    project.run("dvc", "checkout", "--quiet")
    assert status(project) == DONE


def test_in_a_fresh_clone_everything_is_missing(project, status):
    subprocess.run(["rm", "-r", "data", "dvc.lock"], cwd=project.root, check=True)
    assert {state for row in status(project).values() for state in row.values()} == {"missing"}


@pytest.mark.parametrize("remains", [f".resume/{UNET}/0123456789abcdef", f"data/checkpoints/{UNET}.partial"])
def test_what_a_killed_process_left_behind_tells_of_an_interruption(project, status, remains):
    subprocess.run(["rm", "-r", "data/checkpoints"], cwd=project.root, check=True)
    (project.root / remains).mkdir(parents=True)
    assert status(project)[str(UNET)]["train"] == "interrupted"


def test_event_files_of_tensorboard_are_no_interrupted_training(project, status):
    subprocess.run(["rm", "-r", "data/checkpoints"], cwd=project.root, check=True)
    (project.root / f".resume/{UNET}/tensorboard").mkdir(parents=True)
    assert status(project)[str(UNET)]["train"] == "missing"


def test_an_interrupted_training_says_how_far_it_came(project, cellarena):
    subprocess.run(["rm", "-r", "data/checkpoints"], cwd=project.root, check=True)
    layout = Layout(project.root)
    layout.resume(UNET, "0123456789abcdef").mkdir(parents=True)
    layout.log(UNET).mkdir(parents=True)
    (layout.log(UNET) / "metrics.json").write_text('{"step": 125}')
    params = load_params(project.root / "params.yaml")
    n_steps = params.budgets[params.budget].steps
    assert f"interrupted, step 125 of {n_steps}" in cellarena(project.root, "status").out
    (layout.log(UNET) / "metrics.json").write_text('{"step": ')
    shown = cellarena(project.root, "status")
    assert shown.code == 0
    assert "interrupted" in shown.out
    assert "step" not in shown.out


def test_images_that_were_not_segmented_are_named_by_their_number(project, cellarena, status):
    (project.root / "failures.csv").write_text("image,reason\na,too large\nb,too large\n")
    project.run("dvc", "repro", "--quiet")
    assert status(project)[str(OTSU)] == {"predict": "failed", "evaluate": "done"}
    assert "predict failed, 2 images: otsu-real-0" in cellarena(project.root, "status").out


def test_a_command_at_work_here_is_running(project, status, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path = project.root / "dvc.yaml"
    content = yaml.safe_load(path.read_text())
    content["stages"]["evaluate"]["cmd"] = "cellarena evaluate unet real 0"
    path.write_text(yaml.safe_dump(content))
    words = [sys.executable, "-c", "import time; time.sleep(60)", "cellarena", "evaluate", "unet", "real", "0"]
    here, elsewhere = (subprocess.Popen(words, cwd=folder) for folder in (project.root, tmp_path / "elsewhere"))
    try:
        assert status(project)[str(UNET)]["evaluate"] == "running"
        here.kill()
        here.wait()
        assert status(project)[str(UNET)]["evaluate"] == "stale"
    finally:
        for process in (here, elsewhere):
            process.kill()
            process.wait()


def test_a_stage_that_dvc_runs_is_running_until_dvc_is_killed(project, status):
    path = project.root / "dvc.yaml"
    content = yaml.safe_load(path.read_text())
    content["stages"]["train"]["cmd"] = "sleep 60"
    path.write_text(yaml.safe_dump(content))
    started = project.start("dvc", "repro", "train")
    try:
        wait_for(lambda: any("sleep" in process.cmdline() for process in project.processes()), seconds=30)
        assert status(project) == DONE | {str(UNET): {"train": "running", "predict": "stale", "evaluate": "stale"}}
        started.kill()
        started.wait()
        assert status(project)[str(UNET)]["train"] == "missing"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(started.pid, signal.SIGKILL)


def test_installed_libraries_that_are_not_the_pinned_ones_are_named(project, cellarena):
    lock = project.root / "requirements.lock"
    lock.write_text(f"click=={version('click')}\nnumpy==1.0\nnot-installed==3\n")
    named = [f"numpy {version('numpy')} (requirements.lock: 1.0)"]
    assert json.loads(cellarena(project.root, "status", "--json").out)["other_libraries"] == named
    assert named[0] in cellarena(project.root, "status").out
    lock.unlink()
    assert json.loads(cellarena(project.root, "status", "--json").out)["other_libraries"] == []


def test_without_a_repository_one_line_says_so(cellarena, tmp_path):
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    outcome = cellarena(tmp_path, "status")
    assert outcome.code == 2
    assert "DVC repository" in outcome.err
    assert outcome.err.count("\n") == 1
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").touch()
    outcome = cellarena(tmp_path, "status")
    assert outcome.code == 2
    assert "not a git repository" in outcome.err
    assert outcome.err.count("\n") == 1


def test_a_broken_pipeline_is_one_line(project, cellarena):
    (project.root / "dvc.yaml").write_text("stages:\n  train:\n    outs: 3\n")
    outcome = cellarena(project.root, "status")
    assert outcome.code == 2
    assert "dvc.yaml" in outcome.err
    assert outcome.err.count("\n") == 1
