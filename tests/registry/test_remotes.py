"""Remotes on real servers: what is pushed arrives whole, what is wrong is found and repaired."""

import json
import random
import signal
from dataclasses import dataclass

import pytest
from dvc.repo import Repo

from servers import Server, start_s3, start_ssh, start_webdav
from small_repository import SmallRepository, flip, new_repository
from workspace import wait_for

pytestmark = pytest.mark.remotes

N_FILES = 24


@dataclass
class Shared:
    """A repository whose objects are all on a server."""

    repository: SmallRepository
    server: Server
    names: dict


@pytest.fixture(scope="module", params=["ssh", "webdav", "s3"])
def server(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "s3":
        running = start_s3(folder, request.config.cache.mkdir("seaweedfs"))
    else:
        running = {"ssh": start_ssh, "webdav": start_webdav}[request.param](folder)
    yield running
    running.stop()


def contents(seed):
    rng = random.Random(seed)
    return {f"{name}.bin": rng.randbytes(40_000) for name in ["a", *(f"{k:02}" for k in range(N_FILES))]}


@pytest.fixture(scope="module")
def shared(server, tmp_path_factory):
    repository = new_repository(tmp_path_factory.mktemp("shared"), *server.remote("shared"))
    names = repository.commit(contents(0))
    repository.release("counts@v1.0.0")
    repository.run("cellarena", "sync")
    return Shared(repository, server, names)


def on_remote(repository):
    """Return DVC's object database of the default remote."""
    return Repo(str(repository.root)).cloud.get_remote_odb()


@pytest.fixture
def call(cellarena, shared):
    """Call a command in the shared repository and return what it printed; its exit code must be `code`."""

    def called(*arguments, code=0):
        outcome = cellarena(shared.repository.root, *arguments)
        assert outcome.code == code, outcome
        return outcome.out

    return called


def faults(printed):
    return [
        (fault["path"], fault["place"], fault["state"])
        for entry in json.loads(printed)["damaged"]
        for fault in entry["faults"]
    ]


def test_a_push_that_was_killed_is_taken_up_and_a_clone_gets_the_same_bytes(server, tmp_path):
    repository = new_repository(tmp_path, *server.remote("killed"))
    raw = contents(1) | {"big.bin": random.Random(2).randbytes(12_000_000)}
    repository.commit(raw)
    before = server.wire.sent
    push = repository.start("cellarena", "sync")
    wait_for(lambda: server.wire.sent > before + 6_000_000 or push.poll() is not None, 60)
    push.send_signal(signal.SIGKILL)
    assert push.wait() == -signal.SIGKILL
    there = set(on_remote(repository).all())
    assert there.isdisjoint({name for name in there if name.endswith(".dir")})
    assert "promised objects pushed" in repository.run("cellarena", "sync")

    repository.run("git", "clone", "--quiet", str(repository.root), str(tmp_path / "clone" / "project"))
    clone = SmallRepository(tmp_path / "clone" / "project")
    clone.configure(*server.remote("killed"))
    clone.run("dvc", "pull", "--quiet")
    assert clone.hashes("data") == repository.hashes("data")


def test_a_flipped_byte_on_either_side_is_found_and_repaired(shared, call):
    repository, odb = shared.repository, on_remote(shared.repository)
    here, there = shared.names["data/raw/01.bin"], shared.names["data/raw/02.bin"]
    flip(repository.cached(here))
    content = bytearray(odb.fs.cat_file(odb.oid_to_path(there)))
    content[100] ^= 1
    odb.fs.pipe_file(odb.oid_to_path(there), bytes(content))
    assert faults(call("verify", "--remote", "--json", code=4)) == [
        ("data/raw/01.bin", "the cache", "rotten"),
        ("data/raw/02.bin", "remote storage", "rotten"),
    ]
    call("sync", code=3)
    call("heal")
    call("verify", "--remote")


def test_an_object_that_is_gone_under_its_folder_is_found_and_repaired(shared, call):
    odb = on_remote(shared.repository)
    odb.fs.remove(odb.oid_to_path(shared.names["data/raw/03.bin"]))
    with Repo(str(shared.repository.root)) as project:
        project.push()
    # DVC trusts the folder's object that is there.
    assert faults(call("verify", "--remote", "--json", code=4)) == [("data/raw/03.bin", "remote storage", "missing")]
    call("heal")
    call("verify", "--remote")


def test_a_remote_that_goes_away_is_told_from_one_that_lacks_something(shared, monkeypatch):
    # The S3 client would ask five times before it gives up, and so for every object.
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    repository, wire = shared.repository, shared.server.wire
    wire.cut_when_received(300_000)
    try:
        printed = repository.run("cellarena", "verify", "--remote", "--json", code=3)
    finally:
        wire.mend()
    there = json.loads(printed)["places"]["remote storage"]
    assert there["missing"] == there["rotten"] == 0
    assert there["right"] > 0
    assert there["unread"] > 0
    assert there["right"] + there["unread"] == there["promised"]
    repository.run("cellarena", "verify", "--remote")
