"""What the commit's code, parameters, data and split did not make is not released, promoted or packed."""

import pytest
import yaml

from lab import new_lab
from workspace import STORAGE


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return new_lab(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def lab(made, tmp_path):
    return made.copy(tmp_path)


def ours(lab):
    """Merge a branch that made other results into one that did, and keep one side's dvc.lock and results."""
    for branch, changed in (("theirs", "split.txt"), ("main", "code.txt")):
        lab.git("switch", "--quiet", *(["--create"] if branch == "theirs" else []), branch)
        lab.write(changed, f"by {branch}\n")
        lab.repro()
        lab.commit(f"Results of {branch}")
    lab.git("merge", "--quiet", "--strategy-option=ours", "--no-edit", "theirs")
    lab.git("checkout", "HEAD~1", "--", "dvc.lock", "metrics", "reports")
    lab.git("commit", "--quiet", "--amend", "--no-edit")
    lab.run("dvc", "checkout", "--quiet")


def an_edit(name):
    def change(lab):
        lab.write(name, "edited\n")
        lab.commit("An edit without dvc repro")

    return change


def a_parameter(lab):
    lab.set_params(**{"split.seed": 7})
    lab.commit("Another seed")


def a_command(lab):
    content = yaml.safe_load((lab.root / "dvc.yaml").read_text())
    content["stages"]["split"]["cmd"] += " && true"
    lab.write("dvc.yaml", yaml.safe_dump(content, sort_keys=False))
    lab.commit("Another command")


def another_split(lab):
    """The split was made anew, and what rests on it was not."""
    lab.write("split.txt", "another split\n")
    lab.repro("split")
    lab.commit("Another split")
    lab.run("dvc", "push", "--quiet")


STALE = {
    "dvc.lock of one side of a merge": (ours, "split"),
    "code": (an_edit("code.txt"), "count"),
    "data": (an_edit("images.txt"), "acquire"),
    "a parameter": (a_parameter, "split"),
    "a command": (a_command, "split"),
    "the split": (another_split, "count"),
}


@pytest.mark.parametrize("case", STALE)
def test_what_is_stale_is_not_released(lab, cellarena, case):
    change, stage = STALE[case]
    change(lab)
    outcome = lab.ask(cellarena, "release", "counts")
    assert outcome.code == 2
    assert "stale" in outcome.err
    assert f" {stage} (" in outcome.err
    assert "dvc repro count" in outcome.err
    assert outcome.err.count("\n") == 1
    assert lab.tags() == []


def test_what_is_not_upstream_hinders_no_release(lab, cellarena):
    an_edit("code.txt")(lab)
    lab.set_params(**{"split.val": 0.2})
    lab.commit("A parameter that no stage asks for")
    assert lab.ask(cellarena, "release", "raw").code == 0
    lab.repro()
    lab.commit("Results again")
    assert lab.ask(cellarena, "release", "counts").code == 0
    assert lab.tags() == ["counts@v1.0.0", "raw@v1.0.0"]


def test_in_a_clone_without_the_data_the_lists_of_files_tell_what_is_stale(lab, cellarena, tmp_path):
    another_split(lab)
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / STORAGE).symlink_to(tmp_path / STORAGE)
    clone = lab.clone(tmp_path / "other/clone")
    assert not (clone.root / "data").exists()
    outcome = clone.ask(cellarena, "release", "counts")
    assert outcome.code == 2
    assert "count (data/splits/train)" in outcome.err
    # What is up to date there can be released without pulling anything.
    assert clone.ask(cellarena, "release", "raw").code == 0


def test_a_tag_that_somebody_made_of_a_stale_commit_is_not_promoted(lab, cellarena):
    an_edit("code.txt")(lab)
    lab.git("tag", "--annotate", "counts@v1.0.0", "--message", "By hand")
    before = lab.git("rev-parse", "HEAD")
    outcome = lab.ask(cellarena, "promote", "counts@v1.0.0", "prod")
    assert outcome.code == 2
    assert "count (code.txt)" in outcome.err
    assert (lab.tags(), lab.git("rev-parse", "HEAD")) == (["counts@v1.0.0"], before)


def test_a_release_is_promoted_whatever_was_committed_after_it(lab, cellarena):
    assert lab.ask(cellarena, "release", "counts").code == 0
    an_edit("code.txt")(lab)
    outcome = lab.ask(cellarena, "promote", "counts@v1.0.0", "prod")
    assert outcome.code == 0, outcome.err


def test_what_is_stale_is_not_packed(lab, cellarena):
    path = lab.root / "dvc.yaml"
    content = yaml.safe_load(path.read_text())
    content["stages"] |= {
        "train": {
            "cmd": "mkdir -p data/checkpoints/unet-real-0 && cp code.txt data/checkpoints/unet-real-0",
            "deps": ["code.txt"], "outs": ["data/checkpoints/unet-real-0"],
        },
        "package": {
            "cmd": "cellarena package unet real 0", "deps": ["data/checkpoints/unet-real-0"],
            "outs": ["data/packages/unet"],
        },
    }  # fmt: skip
    path.write_text(yaml.safe_dump(content, sort_keys=False))
    lab.repro("train")
    assert "stale" not in lab.ask(cellarena, "package", "unet", "real", "0").err
    an_edit("code.txt")(lab)
    outcome = lab.ask(cellarena, "package", "unet", "real", "0")
    assert outcome.code == 2
    assert "data/checkpoints/unet-real-0: stale" in outcome.err
    assert "train (code.txt changed)" in outcome.err
