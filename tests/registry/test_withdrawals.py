"""Releases that were withdrawn, and tags that others made, moved or removed: there is always a way on."""

import json
import os
import shutil
import subprocess
import time

import pytest

from cellarena.images.io import write_image
from released import copied, discs, new_project
from workspace import ROOT


@pytest.fixture(scope="session")
def before(tmp_path_factory):
    """A clone with unet@v1.0.0 in prod and raw@v1.0.0, whose parameters and stages are those of this project."""
    project = new_project(tmp_path_factory.mktemp("released"))
    for key, value in (("user.name", "Ada"), ("user.email", "ada@example.org")):
        project.git("config", key, value)
    for name in ("params.yaml", ".gto"):
        shutil.copy(ROOT / name, project.root / name)
    shutil.copy(ROOT / ".dvc/.gitignore", project.root / ".dvc/.gitignore")
    project.git("tag", "--delete", "unet#prod#1", "unet@v1.0.0", "raw@v1.0.0")
    project.commit("The parameters of today")
    project.tag("unet@v1.0.0", "unet#prod#1", "raw@v1.0.0", "raw#prod#2")
    return project


@pytest.fixture
def project(before, tmp_path):
    """A clone of its own, beside a bare origin that has all of it."""
    project = copied(before, tmp_path)
    project.git("clone", "--quiet", "--bare", ".", str(tmp_path / "origin.git"))
    project.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    return project


def gto(project, *arguments):
    own = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    done = subprocess.run(["gto", *arguments], cwd=project.root, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def version(project, version, *stages):
    """Commit other images and release them as a version of raw, in stages, as `release` and `promote` do."""
    write_image(discs(int(version[1:].replace(".", "")))[0], project.root / "data/raw/images/a.tiff")
    lock = project.root / "dvc.lock"
    text, md5 = lock.read_text(), project.push("data/raw")
    lock.write_text(text.replace(raw_of(text), md5))
    project.commit(version)
    project.tag(f"raw@{version}", *stages)
    project.git("push", "--quiet", "--tags", "origin", "main")


def raw_of(lock):
    import yaml

    (out,) = yaml.safe_load(lock)["stages"]["acquire"]["outs"]
    return out["md5"]


def tags(project, where="."):
    return project.git("-C", where, "tag").split()


def in_stage(project, cellarena, name="raw", stage="prod"):
    """Return which versions of an artifact cellarena says are in a stage, and that GTO says the same."""
    listed = cellarena(project.root, "releases", name, "--json")
    assert listed.code == 0, listed.err
    ours = [entry["version"] for entry in json.loads(listed.out) if stage in entry["stages"]]
    theirs = [entry["version"] for entry in json.loads(gto(project, "show", f"{name}#{stage}", "--json") or "[]")]
    assert ours == theirs
    return ours


def refused(outcome, words):
    assert outcome.code == 2, outcome.err
    assert words in outcome.err
    assert outcome.err.strip().count("\n") == 0


def test_a_withdrawn_release_is_refused_by_name_with_reason_and_replacement(project, cellarena, tmp_path):
    project.commit("More")
    project.tag("unet@v1.1.0", "unet#prod#3")
    done = cellarena(project.root, "withdraw", "unet@v1.1.0", "--why", "trained on\nswapped labels")
    assert done.code == 0, done.err
    assert "unet@v1.1.0 is withdrawn: tag unet@v1.1.0!" in done.out
    assert "cellarena rollback unet prod" in done.err
    write_image(discs()[0], tmp_path / "a.tiff")
    words = "unet@v1.1.0 was withdrawn: trained on swapped labels; use unet@v1.0.0"
    refused(cellarena(project.root, "segment", str(tmp_path / "a.tiff"), "--release", "unet@v1.1.0"), words)
    refused(cellarena(project.root, "promote", "unet@v1.1.0", "dev"), words)
    refused(
        cellarena(project.root, "segment", str(tmp_path / "a.tiff"), "--release", "unet#prod"),
        "unet@v1.1.0 was withdrawn from it: trained on swapped labels; `cellarena rollback unet prod`",
    )
    assert cellarena(project.root, "segment", str(tmp_path / "a.tiff"), "--release", "unet").code == 0
    assert cellarena(project.root, "withdraw", "unet@v1.1.0", "--why", "again").code == 2
    listed = cellarena(project.root, "releases", "unet")
    assert "unet@v1.1.0 was withdrawn: trained on swapped labels" in listed.out
    entries = json.loads(cellarena(project.root, "releases", "unet", "--json").out)
    assert [entry["withdrawn"] for entry in entries] == ["trained on swapped labels", None]
    assert in_stage(project, cellarena, "unet") == []
    shown = json.loads(cellarena(project.root, "lineage", "unet@v1.1.0", "--json").out)
    assert shown["release"]["withdrawn"] == "trained on swapped labels"


def test_a_withdrawal_reaches_others_and_rollback_passes_over_it(project, cellarena, tmp_path):
    version(project, "v1.1.0", "raw#prod#3")
    version(project, "v1.2.0", "raw#prod#4")
    assert cellarena(project.root, "withdraw", "raw@v1.1.0", "--why", "wrong microscope").code == 0
    assert in_stage(project, cellarena) == ["v1.2.0"]
    assert "raw@v1.1.0!" in tags(project, str(tmp_path / "origin.git"))
    done = cellarena(project.root, "rollback", "raw", "prod")
    assert done.code == 0, done.err
    assert in_stage(project, cellarena) == ["v1.0.0"]
    done = cellarena(project.root, "rollback", "raw", "prod")
    refused(done, "raw#prod: nothing to go back to, it held v1.0.0")


def test_a_stage_is_emptied_and_filled_again(project, cellarena, tmp_path):
    version(project, "v1.1.0", "raw#prod#3")
    done = cellarena(project.root, "withdraw", "raw#prod", "--why", "too slow")
    assert done.code == 0, done.err
    assert tags(project, str(tmp_path / "origin.git")) == tags(project)
    assert in_stage(project, cellarena) == []
    refused(cellarena(project.root, "withdraw", "raw#prod", "--why", "again"), "raw@v1.1.0 was withdrawn from it")
    assert cellarena(project.root, "rollback", "raw", "prod").code == 0
    assert in_stage(project, cellarena) == ["v1.0.0"]
    assert cellarena(project.root, "promote", "raw@v1.1.0", "prod").code == 0
    assert in_stage(project, cellarena) == ["v1.1.0"]


def test_no_two_moves_of_a_stage_share_a_second(project, cellarena):
    version(project, "v1.1.0")
    for word in (("promote", "raw@v1.1.0", "prod"), ("rollback", "raw", "prod"), ("promote", "raw@v1.1.0", "prod")):
        assert cellarena(project.root, *word).code == 0
    dates = project.git("tag", "--list", "raw#*", "--format=%(taggerdate:unix)").split()
    assert len(set(dates)) == len(dates) == 4


@pytest.mark.parametrize(
    "words", [("raw", "v1.1.0"), ("raw", "v1.1.0", "prod"), ("raw",)], ids=["a version", "a stage", "the artifact"]
)
def test_what_gto_deprecated_leaves_a_way_on(project, cellarena, words):
    version(project, "v1.1.0", "raw#prod#3")
    gto(project, "deprecate", *words)
    time.sleep(1)  # git counts whole seconds, and what comes in that of a deprecated artifact is taken as withdrawn
    assert cellarena(project.root, "releases").code == 0
    if len(words) < 3:
        refused(cellarena(project.root, "promote", "raw@v1.1.0", "dev"), "raw@v1.1.0 was withdrawn: ")
        refused(cellarena(project.root, "release", "raw"), "git commit --allow-empty")
    version(project, "v1.2.0")
    done = cellarena(project.root, "promote", "raw@v1.2.0", "prod")
    assert done.code == 0, done.err
    assert in_stage(project, cellarena) == ["v1.2.0"]


def test_no_version_is_given_twice(project, cellarena):
    """Whatever became of the tag of the first: withdrawn, not annotated, or removed after its promotion."""
    version(project, "v1.1.0")
    gto(project, "deprecate", "raw", "v1.1.0")
    project.commit("More")
    assert "raw@v1.2.0" in cellarena(project.root, "release", "raw").out
    project.git("tag", "raw@v1.3.0")
    project.commit("More")
    assert "raw@v1.4.0" in cellarena(project.root, "release", "raw").out
    project.git("tag", "--annotate", "raw#dev#9", "--message", "raw@v1.4.0 to dev; see x")
    project.git("tag", "--delete", "raw@v1.4.0")
    project.commit("More")
    assert "raw@v1.5.0" in cellarena(project.root, "release", "raw").out


def test_two_versions_on_one_commit_are_told_and_leave_nothing(project, cellarena):
    project.tag("raw@v2.0.0")
    before, head = tags(project), project.git("rev-parse", "HEAD")
    refused(cellarena(project.root, "promote", "raw@v2.0.0", "dev"), "git tag -d raw@v1.0.0 && git push origin :")
    assert tags(project) == before
    assert project.git("rev-parse", "HEAD") == head
    assert not project.git("status", "--porcelain")
    project.tag("raw#dev#7")
    assert cellarena(project.root, "releases", "raw").code == 0
    version(project, "v2.1.0")
    assert cellarena(project.root, "promote", "raw@v2.1.0", "staging").code == 0
    project.git("tag", "--delete", "raw@v1.0.0", "raw#dev#7")
    project.git("push", "--quiet", "origin", ":refs/tags/raw@v1.0.0", ":refs/tags/raw#dev#7")
    assert cellarena(project.root, "promote", "raw@v2.0.0", "dev").code == 0


def test_a_stage_that_holds_what_is_no_release_is_filled(project, cellarena):
    project.git("tag", "--delete", "raw@v1.0.0")
    project.git("push", "--quiet", "origin", ":refs/tags/raw@v1.0.0")
    project.commit("More")
    project.tag("raw@v1.1.0")
    done = cellarena(project.root, "promote", "raw@v1.1.0", "prod")
    assert done.code == 0, done.err
    assert in_stage(project, cellarena) == ["v1.1.0"]
    refused(cellarena(project.root, "rollback", "raw", "prod"), "nothing to go back to")


@pytest.mark.parametrize("command", ["promote", "rollback", "withdraw", "withdraw stage"])
def test_a_push_that_is_refused_leaves_all_as_it_was(project, cellarena, tmp_path, command):
    version(project, "v1.1.0", "raw#prod#3")
    hook = tmp_path / "origin.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    words = {
        "promote": ("promote", "raw@v1.1.0", "dev"),
        "rollback": ("rollback", "raw", "prod"),
        "withdraw": ("withdraw", "raw@v1.1.0", "--why", "x"),
        "withdraw stage": ("withdraw", "raw#prod", "--why", "x"),
    }[command]
    before, head = tags(project), project.git("rev-parse", "HEAD")
    assert cellarena(project.root, *words).code == 2
    assert tags(project) == before
    assert project.git("rev-parse", "HEAD") == head
    assert not project.git("status", "--porcelain")


@pytest.mark.parametrize("command", ["release", "promote"])
def test_an_interruption_after_git_wrote_the_tag_leaves_none(project, cellarena, monkeypatch, command):
    from cellarena.registry.repository.repository import Repository

    version(project, "v1.1.0")
    project.commit("More")
    before, head, plain = tags(project), project.git("rev-parse", "HEAD"), Repository.git

    def interrupted(self, *arguments, **given):
        printed = plain(self, *arguments, **given)
        if arguments[:2] == ("tag", "--annotate"):
            raise KeyboardInterrupt
        return printed

    monkeypatch.setattr(Repository, "git", interrupted)
    words = {"release": ("release", "raw"), "promote": ("promote", "raw@v1.1.0", "dev")}[command]
    assert cellarena(project.root, *words).code == 130
    assert tags(project) == before
    assert project.git("rev-parse", "HEAD") == head
    assert not project.git("status", "--porcelain")


def test_tags_are_signed_where_git_signs_them(project, cellarena, tmp_path):
    signer = tmp_path / "signer"
    signature = "-----BEGIN PGP SIGNATURE-----\\n\\nabc\\n-----END PGP SIGNATURE-----\\n"
    signer.write_text(f"#!/bin/sh\necho '[GNUPG:] SIG_CREATED ' >&2\ncat >/dev/null\nprintf -- '{signature}'\n")
    signer.chmod(0o755)
    project.git("config", "gpg.program", str(signer))
    project.git("config", "tag.gpgsign", "true")
    project.commit("More")
    assert cellarena(project.root, "release", "raw").code == 0
    assert cellarena(project.root, "withdraw", "raw@v1.0.0", "--why", "signed").code == 0
    for tag in ("raw@v1.1.0", "raw@v1.0.0!"):
        assert "BEGIN PGP SIGNATURE" in project.git("cat-file", "tag", tag)
    entries = json.loads(cellarena(project.root, "releases", "raw", "--json").out)
    assert [entry["withdrawn"] for entry in entries] == [None, "signed"]
    assert entries[0]["md5"]
    signer.write_text("#!/bin/sh\nexit 1\n")
    before = tags(project)
    assert cellarena(project.root, "withdraw", "raw@v1.1.0", "--why", "unsigned").code == 2
    assert tags(project) == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("raw", "--why", "x"), "write which is withdrawn"),
        (("raw@v9.0.0", "--why", "x"), "there is no raw@v9.0.0"),
        (("raw#dev", "--why", "x"), "there is no raw#dev"),
        (("raw@v1.0.0", "--why", " \n"), "--why is empty"),
    ],
)
def test_what_cannot_be_withdrawn_is_said(project, cellarena, words, said):
    refused(cellarena(project.root, "withdraw", *words), said)
