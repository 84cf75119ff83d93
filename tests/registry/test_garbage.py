"""gc: what nothing names is found; what anything names is never removed."""

import hashlib
import os
import shutil
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cellarena.registry.integrity.garbage import hashes_in
from small_repository import md5, new_repository
from workspace import Workspace

RAW = {"a.bin": b"one", "b.bin": b"two"}


@pytest.fixture
def repository(tmp_path):
    made = new_repository(tmp_path)
    made.names = made.commit(RAW)
    return made


@pytest.fixture
def call(cellarena, repository):
    def called(*arguments, code=0):
        outcome = cellarena(repository.root, *arguments)
        assert outcome.code == code, outcome
        return outcome

    return called


def keep(repository, content, ending=""):
    return repository._keep(content, ending)


def objects(repository):
    return {
        path.parent.name + path.name for path in (repository.root / ".dvc/cache/files").rglob("*") if path.is_file()
    }


def test_only_what_nothing_names_is_removed_and_only_when_told(repository, call):
    repository.release("counts@v1.0.0")
    repository.git("switch", "--quiet", "--create", "other")
    repository.commit(RAW, model=b"a branch's weights")
    repository.git("switch", "--quiet", "main")
    repository.commit(RAW, counts="4\n")
    needed = objects(repository)
    garbage = keep(repository, b"nobody needs this")
    printed = call("gc").out
    assert printed.splitlines()[0].split() == ["17", garbage]
    assert "1 objects of 17 bytes in the cache could be removed" in printed
    assert objects(repository) == needed | {garbage}
    call("gc", "--apply")
    assert objects(repository) == needed


def test_what_a_deleted_branch_held_is_garbage_but_not_while_a_tag_holds_it(repository, call):
    repository.git("switch", "--quiet", "--create", "other")
    old = repository.commit(RAW, model=b"a branch's weights")["data/model.bin"]
    repository.release("plain-tag")
    repository.git("switch", "--quiet", "main")
    repository.git("branch", "--quiet", "-D", "other")
    assert old not in call("gc").out
    repository.git("tag", "--delete", "plain-tag")
    assert old in call("gc").out


def test_what_the_working_tree_and_reports_name_is_kept(repository, call):
    uncommitted, added = keep(repository, b"new weights"), keep(repository, b"added by hand")
    lock = repository.root / "dvc.lock"
    lock.write_text(lock.read_text().replace(repository.names["data/model.bin"], uncommitted))
    (repository.root / "more.dvc").write_text(f"outs:\n- md5: {added}\n  hash: md5\n  path: more\n")
    inside = keep(repository, b"a file of a folder")
    folder = keep(repository, f'[{{"md5": "{inside}", "relpath": "x"}}]'.encode(), ".dir")
    (repository.root / "reports").mkdir()
    (repository.root / "reports/report.html").write_text(f"<p>made of {folder}</p>")
    before = objects(repository)
    call("gc", "--apply")
    assert objects(repository) == before


def test_it_stops_where_a_kept_folder_cannot_be_read(repository, call):
    keep(repository, b"nobody needs this")
    repository.cached(repository.names["data/raw"]).unlink()
    before = objects(repository)
    assert "data/raw" in call("gc", "--apply", code=4).err
    assert objects(repository) == before


def test_a_shared_cache_is_left_alone(repository, call):
    with (repository.root / ".dvc/config").open("a") as config:
        config.write(f"[cache]\n    dir = {repository.root.parent / 'shared'}\n")
    assert "other projects" in call("gc", code=2).err


def test_a_cache_in_which_nothing_is_named_is_left_alone(repository, call):
    shutil.rmtree(repository.root / ".dvc/cache")
    for content in (b"another", b"project"):
        keep(repository, content)
    before = objects(repository)
    (repository.root / "dvc.lock").unlink()
    repository.git("commit", "--quiet", "--all", "--amend", "--message", "Nothing")
    assert "names an object" in call("gc", "--apply", code=4).err
    for command in ("verify", "sync", "heal"):
        assert "nothing is promised" in call(command, code=4).err
    assert objects(repository) == before


def test_a_remote_of_another_project_is_left_alone(repository, call):
    theirs = md5(b"theirs")
    repository.stored(theirs).parent.mkdir(parents=True)
    repository.stored(theirs).write_bytes(b"theirs")
    assert "is this the project" in call("gc", "--remote", "--apply", "--min-age", "0", code=4).err
    assert repository.stored(theirs).exists()


def test_what_a_running_experiment_wrote_a_moment_ago_is_left_alone(repository, call):
    new, old = keep(repository, b"just written"), keep(repository, b"of yesterday")
    os.utime(repository.cached(old), (time.time() - 86400,) * 2)
    repository.git("clone", "--quiet", str(repository.root), str(repository.root / ".dvc/tmp/exps/standalone/tmp1"))
    call("gc", "--apply")
    assert (new in objects(repository), old in objects(repository)) == (True, False)


def test_a_hook_of_git_is_not_taken_for_the_repository(repository, call, monkeypatch, tmp_path):
    other = new_repository(tmp_path / "other")
    other.commit(RAW)
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
    before = objects(repository)
    call("gc", "--apply", code=0)
    assert objects(repository) == before


def test_what_only_a_reflog_remembers_is_garbage_and_a_name_keeps_it(repository, call):
    old = repository.commit(RAW, model=b"of yesterday")["data/model.bin"]
    commit = repository.git("rev-parse", "HEAD")
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    assert old not in call("gc").out  # ORIG_HEAD, with which git itself undoes the reset
    repository.git("update-ref", "-d", "ORIG_HEAD")
    assert old in call("gc").out
    repository.git("branch", "again", commit)
    assert old not in call("gc").out


def test_a_remote_keeps_what_is_young_or_not_fetched(repository, call, tmp_path):
    shutil.copytree(repository.root / ".dvc/cache", tmp_path / "store")
    old, young = md5(b"old"), md5(b"young")
    for name, days in ((old, 3), (young, 0)):
        path = repository.stored(name)
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"old" if days else b"young")
        os.utime(path, (time.time() - days * 86400,) * 2)
    repository.git("clone", "--quiet", "--bare", str(repository.root), str(tmp_path / "origin.git"))
    repository.git("remote", "add", "origin", str(tmp_path / "origin.git"))
    repository.git(
        "--git-dir", str(tmp_path / "origin.git"), "update-ref", "refs/heads/theirs", unknown_commit(tmp_path)
    )
    assert "git fetch" in call("gc", "--remote", "--apply", code=2).err
    assert repository.stored(old).exists()
    repository.git("fetch", "--quiet", "origin")
    call("gc", "--remote", "--apply")
    assert not repository.stored(old).exists()
    assert repository.stored(young).exists()
    assert all(repository.stored(name).exists() for name in repository.names.values())


def unknown_commit(tmp_path):
    """Return a commit that only the bare repository has."""
    bare = Workspace(tmp_path / "origin.git")
    tree = bare.run("git", "rev-parse", "HEAD^{tree}").strip()
    author = ("-c", "user.name=Other", "-c", "user.email=other@example.org")
    return bare.run("git", *author, "commit-tree", tree, "-m", "Theirs").strip()


@given(st.lists(st.binary(max_size=20)), st.text("0123456789abcdefgh \n."))
def test_every_hash_that_a_text_spells_out_is_found(contents, between):
    names = {hashlib.md5(content).hexdigest() for content in contents}
    text = f"\n{between}\n".join(["", *sorted(names), ""]).encode()
    assert names <= hashes_in([text])


def test_part_of_a_longer_hash_is_no_object():
    assert hashes_in([hashlib.sha256(b"").hexdigest().encode()]) == set()
