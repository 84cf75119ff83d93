"""verify, heal and sync on a folder remote: every way in which promised bytes can be lost or wrong."""

import json
import os
import shutil

import pytest

from small_repository import flip, md5, new_repository

RAW = {"a.bin": b"one", "b.bin": b"two", "c c\N{BIOHAZARD SIGN}.bin": b"three"}


@pytest.fixture
def repository(tmp_path):
    """A repository with a release, all of whose objects are in the cache and in the folder remote."""
    made = new_repository(tmp_path)
    made.names = made.commit(RAW)
    made.release("counts@v1.0.0")
    shutil.copytree(made.root / ".dvc/cache", tmp_path / "store")
    return made


@pytest.fixture
def call(cellarena, repository):
    def called(*arguments, code=0):
        outcome = cellarena(repository.root, *arguments)
        assert outcome.code == code, outcome
        return outcome

    return called


def faults(outcome):
    return [
        (fault["path"], fault["place"], fault["state"])
        for entry in json.loads(outcome.out)["damaged"]
        for fault in entry["faults"]
    ]


def test_all_that_is_right_is_said_to_be(call):
    assert call("verify").out == "the cache: 6 objects promised, 6 right, 0 missing, 0 rotten\n"
    assert "remote storage: 6 objects promised, 6 right" in call("verify", "--remote", "storage").out


def test_rot_that_dvc_does_not_see_is_found_with_what_depends_on_it(repository, call):
    flip(repository.cached(repository.names["data/raw/b.bin"]))
    assert repository.is_up_to_date()
    (entry,) = json.loads(call("verify", "--json", code=4).out)["damaged"]
    assert (entry["output"], entry["stage"]) == ("data/raw", "acquire")
    assert entry["points"] == ["HEAD", "counts@v1.0.0", "main"]
    assert entry["releases"] == ["counts@v1.0.0"]
    assert entry["results"] == ["metrics/n.json", "plots/n.txt"]
    (fault,) = entry["faults"]
    assert (fault["path"], fault["state"]) == ("data/raw/b.bin", "rotten")


def test_what_no_number_was_made_from_has_none_that_depend_on_it(repository, call):
    flip(repository.cached(repository.names["data/model.bin"]))
    (entry,) = json.loads(call("verify", "--json", code=4).out)["damaged"]
    assert entry["results"] == []


def test_only_what_stages_read_of_a_folder_touches_their_results(repository, call):
    repository.stored(repository.names["data/counts.csv"]).unlink()
    (entry,) = json.loads(call("verify", "--remote", "--json", code=4).out)["damaged"]
    assert entry["results"] == ["plots/n.txt"]


def test_either_side_is_repaired_from_the_other(repository, call):
    names = repository.names
    flip(repository.cached(names["data/raw/a.bin"]))
    flip(repository.cached(names["data/raw"]))
    repository.cached(names["data/counts.csv"]).unlink()
    flip(repository.stored(names["data/raw/b.bin"]))
    repository.stored(names["data/model.bin"]).unlink()
    assert "5 to be repaired" in call("heal", "--dry-run").out
    call("verify", "--remote", code=4)
    assert "5 of 5 repaired" in call("heal").out
    call("verify", "--remote")
    assert repository.cached(names["data/raw/a.bin"]).stat().st_mode & 0o777 == 0o444
    assert not list(repository.root.parent.rglob("*.tmp"))


def test_an_object_missing_under_a_folder_that_the_remote_has_is_pushed(repository, call):
    gone = repository.stored(repository.names["data/raw/b.bin"])
    gone.unlink()
    repository.run("dvc", "push", "--quiet")
    assert not gone.exists()
    assert "1 of 6 promised objects pushed" in call("sync").out
    assert gone.read_bytes() == b"two"


def test_what_neither_side_has_right_is_named_and_left_as_it_is(repository, call):
    lost = repository.names["data/raw/b.bin"]
    for path in (repository.cached(lost), repository.stored(lost)):
        flip(path)
    before = repository.stored(lost).read_bytes()
    outcome = call("heal", code=4)
    assert "data/raw/b.bin" in outcome.err
    assert repository.stored(lost).read_bytes() == before


def test_rot_is_not_pushed_and_a_folder_is_not_called_whole_without_its_files(repository, call):
    shutil.rmtree(repository.root.parent / "store")
    flip(repository.cached(repository.names["data/raw/b.bin"]))
    outcome = call("sync", code=3)
    assert "b.bin" in outcome.err + outcome.out
    assert not repository.stored(repository.names["data/raw/b.bin"]).exists()
    assert not repository.stored(repository.names["data/raw"]).exists()
    assert repository.stored(repository.names["data/raw/a.bin"]).read_bytes() == b"one"


def test_sync_does_not_take_rot_on_the_remote_for_done(repository, call):
    flip(repository.stored(repository.names["data/raw/b.bin"]))
    assert "data/raw/b.bin" in call("sync", code=3).err


def test_a_remote_whose_folder_is_gone_is_not_called_empty(repository, call):
    (repository.root.parent / "store").rename(repository.root.parent / "unplugged")
    outcome = call("verify", "--remote", "--json", code=3)
    there = json.loads(outcome.out)["places"]["remote storage"]
    assert (there["missing"], there["unread"]) == (0, 6)
    assert "there is no" in outcome.err
    call("heal", code=3)


def test_old_releases_and_other_branches_are_promised_too(repository, call):
    old = repository.names["data/counts.csv"]
    repository.git("switch", "--quiet", "--create", "other")
    branch = repository.commit(RAW, model=b"a branch's weights")["data/model.bin"]
    repository.git("switch", "--quiet", "main")
    repository.commit(RAW, counts="4\n")
    for name in (old, branch):
        repository.cached(name).unlink()
    found = json.loads(call("verify", "--json", code=4).out)["damaged"]
    assert {entry["output"]: entry["points"] for entry in found} == {
        "data/counts.csv": ["counts@v1.0.0", "other"],
        "data/model.bin": ["other"],
    }
    shutil.rmtree(repository.root.parent / "store")
    assert "data/counts.csv" in call("sync", code=3).err


def test_the_files_of_a_folder_whose_list_is_lost_are_said_not_to_be_looked_for(repository, call):
    repository.cached(repository.names["data/raw"]).unlink()
    assert "not looked for: 1 files of data/raw" in call("verify", code=4).out


@pytest.mark.parametrize("odd", ["folder", "pipe", "empty"])
def test_what_is_no_file_of_these_bytes_is_rotten_and_repaired(repository, call, odd):
    path = repository.cached(repository.names["data/raw/a.bin"])
    path.unlink()
    if odd == "folder":
        path.mkdir()
    elif odd == "pipe":
        os.mkfifo(path)
    else:
        path.touch(0o444)
    assert faults(call("verify", "--json", code=4)) == [("data/raw/a.bin", "the cache", "rotten")]
    if odd != "folder":
        call("heal")
        call("verify")


COMMANDS = ("verify", "heal", "sync", "gc")


@pytest.mark.parametrize(("name", "commands"), [("../../../../escaped", COMMANDS), ("AB" * 16, COMMANDS[:1])])
def test_a_hash_that_is_none_is_refused_before_it_becomes_a_path(repository, call, name, commands):
    lock = repository.root / "dvc.lock"
    lock.write_text(lock.read_text().replace(repository.names["data/model.bin"], repr(name)))
    repository.git("commit", "--all", "--quiet", "--message", "Odd")
    for command in commands:
        outcome = call(command, code=2)
        assert "data/model.bin" in outcome.err
        assert len(outcome.err.splitlines()) == 1


def test_a_folder_that_lists_a_file_outside_of_it_is_refused(repository, call):
    content = json.dumps([{"md5": md5(b"one"), "relpath": "../../.git/hooks/pre-commit"}]).encode()
    hostile = md5(content) + ".dir"
    path = repository.cached(hostile)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    lock = repository.root / "dvc.lock"
    lock.write_text(lock.read_text().replace(repository.names["data/raw"], hostile))
    repository.git("commit", "--all", "--quiet", "--message", "Hostile")
    for command in COMMANDS:
        assert "pre-commit" in call(command, code=5).err


def test_what_is_asked_of_no_remote_or_no_clone_is_one_line(repository, call, cellarena, tmp_path):
    assert "nosuch" in call("verify", "--remote", "nosuch", code=2).err
    (repository.root / ".dvc/config").write_text("")
    assert "remote" in call("heal", code=2).err
    (tmp_path / "empty").mkdir()
    outcome = cellarena(tmp_path / "empty", "verify")
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1
