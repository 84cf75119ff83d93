"""A clone without history, without tags or without an answer of origin does not number releases from the start."""

import shutil

import pytest

from lab import Lab, new_lab
from workspace import STORAGE


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A lab whose bare `origin` has a second commit and counts@v1.0.0, v1.1.0 of the two."""
    lab = new_lab(tmp_path_factory.mktemp("lab"))
    origin = lab.root.parent / "origin"
    lab.git("clone", "--quiet", "--bare", str(lab.root), str(origin))
    lab.git("remote", "add", "origin", f"file://{origin}")
    for version in ("v1.0.0", "v1.1.0"):
        lab.write("code.txt", f"{version}\n")
        lab.repro()
        lab.commit(version)
        lab.git("tag", "--annotate", f"counts@{version}", "--message", version)
    lab.write("code.txt", "newer\n")
    lab.repro()
    lab.commit("Newer")
    lab.run("dvc", "push", "--quiet")
    lab.git("push", "--quiet", "origin", "main", "--tags")
    return lab


@pytest.fixture
def clone(made, tmp_path):
    """Return what clones origin beside a copy of the storage, with options of git clone."""
    shutil.copytree(made.root.parent / STORAGE, tmp_path / STORAGE)
    shutil.copytree(made.root.parent / "origin", tmp_path / "origin")

    def with_options(*options):
        root = tmp_path / "clone"
        made.git("clone", "--quiet", *options, f"file://{tmp_path / 'origin'}", str(root))
        lab = Lab(root)
        lab.git("config", "user.name", "Test")
        lab.git("config", "user.email", "test@example.org")
        return lab

    return with_options


OPTIONS = {"shallow": ["--depth=1"], "tagless": ["--no-tags"], "both": ["--depth=1", "--no-tags"]}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_the_next_version_follows_those_of_origin(clone, cellarena, options):
    lab = clone(*options)
    assert lab.tags() == []
    outcome = lab.ask(cellarena, "release", "counts")
    assert outcome.code == 0, outcome.err
    assert "counts@v1.2.0" in lab.tags()


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("form", [[], ["--json"]])
def test_the_list_says_that_it_is_not_all_and_which_command_completes_it(clone, cellarena, options, form):
    lab = clone(*options)
    outcome = lab.ask(cellarena, "releases", *form)
    assert outcome.code == 3
    assert "2 release(s) of origin are not here" in outcome.err
    assert "Nothing was released" not in outcome.out + outcome.err
    command = f"git fetch{' --unshallow' * ('--depth=1' in options)} --tags origin"
    assert f"`{command}`" in outcome.err
    lab.run(*command.split())
    outcome = lab.ask(cellarena, "releases", *form)
    assert outcome.code == 0
    assert "v1.1.0" in outcome.out


def test_a_shallow_clone_that_has_one_release_says_that_there_are_others(clone, cellarena):
    lab = clone("--depth=1", "--branch=counts@v1.1.0")
    assert lab.tags() == ["counts@v1.1.0"]
    outcome = lab.ask(cellarena, "releases")
    assert outcome.code == 3
    assert "counts@v1.1.0" in outcome.out
    assert "1 release(s) of origin are not here, among them counts@v1.0.0" in outcome.err


def test_an_origin_that_does_not_answer_is_said_with_its_reason(clone, cellarena, tmp_path):
    lab = clone("--no-tags")
    shutil.rmtree(tmp_path / "origin")
    outcome = lab.ask(cellarena, "release", "counts")
    assert (outcome.code, lab.tags()) == (2, [])
    assert "the releases of origin could not be fetched" in outcome.err
    assert "does not appear to be a git repository" in outcome.err
    assert outcome.err.count("\n") == 1
    listed = lab.ask(cellarena, "releases")
    assert listed.code == 3
    assert "does not appear to be a git repository" in listed.err


def test_another_release_of_the_same_name_at_origin_is_said(clone, cellarena):
    lab = clone("--no-tags")
    lab.git("tag", "--annotate", "counts@v1.1.0", "--message", "Another")
    outcome = lab.ask(cellarena, "release", "counts")
    assert (outcome.code, lab.tags().count("counts@v1.2.0")) == (2, 0)
    assert "would clobber existing tag" in outcome.err


def test_a_tag_of_another_kind_that_was_moved_hinders_no_release(clone, cellarena, tmp_path):
    lab = clone("--no-tags")
    lab.git("tag", "nightly", "HEAD~1")
    Lab(tmp_path / "origin").git("tag", "nightly", "main")
    assert lab.ask(cellarena, "release", "counts").code == 0
    assert "counts@v1.2.0" in lab.tags()


def test_without_any_origin_a_whole_clone_is_alone_and_a_shallow_one_is_not_trusted(clone, cellarena):
    lab = clone("--depth=1")
    lab.git("remote", "remove", "origin")
    for command in (["release", "counts"], ["releases"]):
        outcome = lab.ask(cellarena, *command)
        assert outcome.code == (2 if command[0] == "release" else 3)
        assert "git remote add origin ADDRESS && git fetch --unshallow --tags origin" in outcome.err
    shutil.rmtree(lab.root)
    lab = clone("--no-tags")
    lab.git("remote", "remove", "origin")
    assert lab.ask(cellarena, "releases").out.startswith("Nothing was released yet")
    assert lab.ask(cellarena, "release", "counts").code == 0
    assert lab.tags() == ["counts@v1.0.0"]
