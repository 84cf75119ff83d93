"""What the files of DVC name: paths from any folder, in the words of DVC, and only what DVC itself would read."""

import pytest
import yaml

from cellarena.registry.repository.dvc_files import entries, is_dvc_file, own_files, project_of, project_roots
from cellarena.registry.repository.locked import locked_stages
from cellarena.registry.repository.outputs import LeftAlone, Output, left_alone_at, outputs_at
from cellarena.registry.repository.repository import open_repository
from small_repository import md5, new_repository

OUT = {"md5": md5(b""), "hash": "md5", "size": 0}


def lock(**stages):
    return yaml.safe_dump({"schema": "2.0", "stages": stages}).encode()


@pytest.mark.parametrize(
    ("path", "pipeline", "out", "found"),
    [
        ("dvc.lock", "", "data/a", ("data/a", "fit")),
        ("nuclei/dvc.lock", "", "../data/a", ("data/a", "nuclei/dvc.yaml:fit")),
        ("n/dvc.lock", "stages: {fit: {wdir: run/x, cmd: a}}", "../a", ("n/run/a", "n/dvc.yaml:fit")),
        ("dvc.lock", "stages: {fit: {foreach: [1], do: {wdir: run, cmd: a}}}", "a", ("run/a", "fit")),
        ("dvc.lock", "stages: {fit: {wdir: 'run/${item}', cmd: a}}", "a", ("a", "fit")),
    ],
)
def test_paths_are_relative_to_where_the_stage_runs(path, pipeline, out, found):
    (entry,) = entries(path, lock(fit={"cmd": "a", "outs": [{"path": out, **OUT}]}), pipeline.encode())
    assert (entry.path, entry.stage) == found


def test_a_dvc_file_may_have_a_working_folder_too():
    (entry,) = entries("in/a.dvc", yaml.safe_dump({"wdir": "..", "outs": [{"path": "a", **OUT}]}).encode())
    assert (entry.path, entry.stage) == ("a", "in/a.dvc")


@pytest.mark.parametrize("content", ["stages: [", "a list", "stages: [a]", "stages: {a: 1}", "stages: {a: {outs: 1}}"])
def test_what_cannot_be_read_is_named(content):
    with pytest.raises(ValueError, match=r"^n/dvc\.lock"):
        list(entries("n/dvc.lock", content.encode()))


def test_only_files_of_dvc_are():
    theirs, others = ("dvc.lock", "a/dvc.lock", "a b.dvc"), ("a/.dvc/config", ".dvc/tmp/dvc.lock", "dvc.yaml", "x.dvcs")
    assert [path for path in (*theirs, *others) if is_dvc_file(path)] == [*theirs]


def test_projects_below_and_what_is_ignored_are_left_to_others():
    files = ["dvc.lock", "a.dvc", "b/.dvc/config", "b/dvc.lock", "b/c/d.dvc", "e/dvc.lock", "e/f.dvc", "bb/x.dvc"]
    assert project_of("b/c/d.dvc", project_roots(files)) == "b"
    ignored = {".dvcignore": b"# a comment\n/e/*.dvc\n", "bb/.dvcignore": b"*.dvc\n"}
    assert own_files(files, is_dvc_file, ignored) == ["dvc.lock", "a.dvc", "e/dvc.lock"]


@pytest.mark.parametrize(
    ("out", "why"),
    [
        ({"path": "a"}, "no md5"),
        ({"path": "a", "md5": None, "hash": "md5"}, "no md5"),
        ({"path": "s3://bucket/a", "etag": "abc"}, "no md5"),
        ({"path": "a", "md5": md5(b"")}, "DVC 2"),
        ({"path": "a", "files": [{"relpath": "b", "md5": md5(b"")}]}, "versions"),
        ({"path": "a", **OUT, "cloud": {"s3": {"version_id": "1"}}}, "versions"),
    ],
)
def test_what_has_no_object_of_its_own_is_left_alone(tmp_path, out, why):
    repository = new_repository(tmp_path)
    repository.commit({"a.bin": b"one"})
    (repository.root / "odd.dvc").write_text(yaml.safe_dump({"frozen": True, "outs": [out]}))
    repository.git("add", "odd.dvc")
    repository.git("commit", "--quiet", "--message", "Odd")
    opened = open_repository(str(repository.root), tmp_path)
    commit = opened.commit("HEAD")
    (entry,) = left_alone_at(opened, commit)
    assert isinstance(entry, LeftAlone)
    assert (entry.stage, why in entry.why) == ("odd.dvc", True)
    assert all(isinstance(output, Output) for output in outputs_at(opened, commit))


@pytest.mark.parametrize("kind", ["version_aware", "worktree"])
def test_a_remote_without_objects_is_told_as_one(tmp_path, cellarena, kind):
    repository = new_repository(tmp_path, {"url": str(tmp_path / "store"), kind: "true"})
    repository.commit({"a.bin": b"one"})
    assert cellarena(repository.root, "verify").code == 0
    for command in ("sync", "heal", "gc --remote --apply"):
        outcome = cellarena(repository.root, *command.split())
        assert outcome.code == 2
        assert "keeps the versions" in outcome.err


def test_the_stages_of_all_folders_are_known_by_their_own_paths(tmp_path):
    repository = new_repository(tmp_path)
    repository.commit({"a.bin": b"one"})
    folder = repository.root / "nuclei"
    folder.mkdir()
    (folder / "dvc.yaml").write_text("stages: {fit: {cmd: 'true', deps: [../data/raw], outs: [w]}}")
    stage = {"cmd": "true", "deps": [{"path": "../data/raw", **OUT}], "outs": [{"path": "w", **OUT}]}
    (folder / "dvc.lock").write_bytes(lock(fit={**stage, "params": {"params.yaml": {"a": 1}}}))
    repository.git("add", "--all")
    repository.git("commit", "--quiet", "--message", "More")
    opened = open_repository(str(repository.root), tmp_path)
    found = locked_stages(opened, opened.commit("HEAD"))["nuclei/dvc.yaml:fit"]
    assert [dep.path for dep in found.deps] == ["data/raw"]
    assert [out.path for out in found.outs] == ["nuclei/w"]
    assert list(found.params) == ["nuclei/params.yaml"]
