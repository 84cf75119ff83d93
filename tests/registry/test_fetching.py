import hashlib
import json
from dataclasses import replace

import pytest

from cellarena.faults import IntegrityError, PartialError, SecurityError
from cellarena.registry.fetching import fetch, remotes_at
from cellarena.registry.releases.artifacts import artifact_at, artifacts_at
from cellarena.registry.repository.outputs import outputs_at, outputs_below
from small_registry import git, new_project


@pytest.fixture
def project(tmp_path):
    return new_project(tmp_path)


def head_and_cells(project):
    repository = project.repository
    head = repository.commit("HEAD")
    (output,) = outputs_at(repository, head)
    return repository, head, output


def test_outputs_and_artifacts_are_those_of_the_commit(project):
    repository, head, output = head_and_cells(project)
    assert (output.path, output.n_files, output.size, output.stage) == ("data/cells", 2, 6, "data/cells.dvc")
    assert output.is_cached
    assert output.is_folder
    assert outputs_below([output], "data") == outputs_below([output], "data/cells") == [output]
    assert not outputs_below([output], "data/cell")
    assert {name: artifact.path for name, artifact in artifacts_at(repository, head).items()} == {
        "cells": "data/cells", "chosen": "data/cells",
    }  # fmt: skip
    with pytest.raises(ValueError, match="it has cells, chosen"):
        artifact_at(repository, head, "absent")


def test_an_artifact_whose_path_cannot_be_filled_in_is_named(project):
    (project.root / "params.yaml").write_text("other: 1\n")
    project.commit()
    repository, head, _ = head_and_cells(project)
    with pytest.raises(ValueError, match=r"artifacts\.chosen\.path"):
        artifacts_at(repository, head)


def test_what_is_fetched_comes_from_the_remote_even_if_the_clone_lost_it(project, tmp_path):
    repository, head, output = head_and_cells(project)
    for path in sorted((project.root / ".dvc" / "cache").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    fetch(repository, head, output, tmp_path / "new" / "cells")
    found = {path.name: path.read_text() for path in (tmp_path / "new" / "cells").iterdir()}
    assert found == {"a": "one", "b": "two"}
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["cells"]
    with pytest.raises(FileExistsError, match="is there already"):
        fetch(repository, head, output, tmp_path / "new" / "cells")


def test_a_cache_is_asked_first_and_keeps_what_came(project, tmp_path):
    repository, head, output = head_and_cells(project)
    fetch(repository, head, output, tmp_path / "first", tmp_path / "cache")
    project.storage.rename(tmp_path / "gone")
    fetch(repository, head, output, tmp_path / "second", tmp_path / "cache")
    assert (tmp_path / "second" / "a").read_text() == "one"


def test_what_the_remote_lacks_or_has_otherwise_is_said(project, tmp_path):
    repository, head, output = head_and_cells(project)
    listed = json.loads(project.stored(output.md5).read_text())
    stored = project.stored(listed[0]["md5"])
    stored.chmod(0o644)
    stored.write_text("ONE")
    with pytest.raises(IntegrityError, match="data/cells .* the remote holds other bytes for"):
        fetch(repository, head, output, tmp_path / "rotten")
    stored.unlink()
    with pytest.raises(PartialError, match="data/cells .* the remote lacks it, or a part of it"):
        fetch(repository, head, output, tmp_path / "lacking")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["project", "storage"]


@pytest.mark.parametrize("name", ["../outside", "/outside", "a/../../outside", "..\\outside"])
def test_a_folder_with_a_file_outside_of_it_is_refused(project, tmp_path, name):
    repository, head, output = head_and_cells(project)
    listed = json.loads(project.stored(output.md5).read_text())
    listed[0]["relpath"] = name
    content = json.dumps(listed).encode()
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest() + ".dir"
    project.stored(md5).parent.mkdir(parents=True, exist_ok=True)
    project.stored(md5).write_bytes(content)
    with pytest.raises(SecurityError, match="outside of its folder"):
        fetch(repository, head, replace(output, md5=md5), tmp_path / "hostile")
    assert not list(tmp_path.rglob("outside"))


def test_an_output_that_leads_out_is_refused(project):
    (project.root / "up.dvc").write_text("outs:\n- {md5: 0123456789abcdef0123456789abcdef, path: ../../up}\n")
    project.commit()
    with pytest.raises(SecurityError, match="leads out"):
        outputs_at(project.repository, project.repository.commit("HEAD"))


@pytest.mark.parametrize("out", ["7", "{md5: [], size: x, path: a}", "{md5: x, hash: md5, path: a}", "{hash: md5}"])
def test_a_damaged_output_is_named(project, out):
    (project.root / "odd.dvc").write_text(f"outs:\n- {out}\n")
    project.commit()
    with pytest.raises(ValueError, match=r"odd\.dvc"):
        outputs_at(project.repository, project.repository.commit("HEAD"))


def test_settings_that_git_does_not_hold_count_and_a_missing_remote_is_said(project, tmp_path):
    repository, head, output = head_and_cells(project)
    assert remotes_at(repository, head) == ("storage", {"storage": {"url": str(project.storage), "verify": "true"}})
    (project.root / ".dvc" / "config.local").write_text("['remote \"storage\"']\n    user = ada\n")
    assert remotes_at(repository, head)[1]["storage"]["user"] == "ada"
    (project.root / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    git(project.root, "commit", "--quiet", "--all", "--message", "No remote")
    with pytest.raises(ValueError, match="names no default remote"):
        fetch(repository, repository.commit("HEAD"), output, tmp_path / "new")
