import time
from pathlib import Path

import gto.api
import pytest

from cellarena.faults import IntegrityError
from cellarena.registry.packages.checkup import examine, outputs_of, refuse_failed
from cellarena.registry.packages.gates import Check
from cellarena.registry.releases.names import Reference
from cellarena.registry.releases.pointers import bring_up_to_date, move
from cellarena.registry.releases.releases import (
    next_version,
    register,
    releases,
    resolve,
    stage_history,
    versions_taken,
)
from cellarena.registry.repository.repository import open_repository
from small_registry import SmallProject, git, new_project

EVIDENCE = {"checks": []}


@pytest.fixture
def project(tmp_path):
    """A project with v1.0.0 and v1.1.0 of its data set."""
    project = new_project(tmp_path)
    register(project.repository, "cells", "v1.0.0", project.repository.commit("HEAD"), "first")
    project.keep("cells", a="one", b="three")
    project.commit("Second")
    register(project.repository, "cells", "v1.1.0", project.repository.commit("HEAD"), "second")
    return project


def to_stage(project, version, stage="prod"):
    repository = project.repository
    release = resolve(repository, Reference("cells", version=version))
    n_before = len(stage_history(repository, "cells", stage))
    path = Path(f"releases/{release}/{stage}-{n_before + 1}.json")
    tag = move(repository, release, stage, EVIDENCE | {"tag": version}, path)
    time.sleep(1.1)  # Git's tags know whole seconds, by which GTO sorts them.
    return tag


def test_releases_are_found_newest_first_and_resolved(project):
    repository = project.repository
    assert [str(release) for release in releases(repository)] == ["cells@v1.1.0", "cells@v1.0.0"]
    assert resolve(repository, Reference("cells")).version == "v1.1.0"
    first = resolve(repository, Reference("cells", version="v1.0.0"))
    assert first.commit == repository.commit("HEAD~1")
    assert first.message == "first"
    with pytest.raises(ValueError, match="has v1.1.0, v1.0.0"):
        resolve(repository, Reference("cells", version="v3.0.0"))
    with pytest.raises(ValueError, match="no cells#prod"):
        resolve(repository, Reference("cells", stage="prod"))
    with pytest.raises(ValueError, match="never released"):
        resolve(repository, Reference("absent"))


def test_versions_follow_one_another(project):
    known = versions_taken(project.repository, "cells")
    assert [next_version(known, bump) for bump in ("major", "minor", "patch")] == ["v2.0.0", "v1.2.0", "v1.1.1"]
    assert next_version([], "patch") == "v1.0.0"


def test_a_commit_is_released_once(project):
    repository = project.repository
    with pytest.raises(ValueError, match="is released already, as cells@v1.1.0"):
        register(repository, "cells", "v1.2.0", repository.commit("HEAD"), "again")


def test_a_stage_holds_what_was_put_there_last_and_gto_agrees(project):
    assert [to_stage(project, version) for version in ("v1.0.0", "v1.1.0", "v1.0.0")] == [
        "cells#prod#1", "cells#prod#2", "cells#prod#3",
    ]  # fmt: skip
    repository = project.repository
    assert resolve(repository, Reference("cells", stage="prod")).version == "v1.0.0"
    assert [entry.version for entry in stage_history(repository, "cells", "prod")] == ["v1.0.0", "v1.1.0", "v1.0.0"]
    assert gto.api.show(str(project.root), "cells#prod")[0]["version"] == "v1.0.0"
    committed = git(project.root, "show", "HEAD:releases/cells@v1.0.0/prod-3.json")
    assert '"tag": "v1.0.0"' in committed


def test_a_stage_that_gto_does_not_know_leaves_all_as_it_was(project):
    before = project.git("rev-parse", "HEAD")
    with pytest.raises(ValueError, match="knows no stage nowhere, but dev, prod"):
        to_stage(project, "v1.0.0", "nowhere")
    assert project.git("rev-parse", "HEAD") == before
    assert not project.git("status", "--porcelain")
    assert not (project.root / "releases" / "cells@v1.0.0" / "nowhere-1.json").exists()


def test_of_two_who_promote_at_once_one_wins_and_the_other_is_told(project, tmp_path):
    origin = tmp_path / "origin.git"
    git(tmp_path, "clone", "--quiet", "--bare", str(project.root), str(origin))
    project.git("remote", "add", "origin", str(origin))
    git(tmp_path, "clone", "--quiet", str(origin), str(tmp_path / "other" / "project"))
    other = SmallProject(tmp_path / "other" / "project")
    other.git("config", "user.name", "Bob")
    other.git("config", "user.email", "bob@example.org")
    for clone in (project, other):
        bring_up_to_date(clone.repository)
    assert to_stage(other, "v1.1.0") == "cells#prod#1"
    before = project.git("rev-parse", "HEAD")
    with pytest.raises(ValueError, match=r"Bob put cells@v1\.1\.0 there meanwhile"):
        to_stage(project, "v1.0.0")
    assert project.git("rev-parse", "HEAD") == before
    assert not project.git("status", "--porcelain")
    assert resolve(project.repository, Reference("cells", stage="prod")).version == "v1.1.0"
    with pytest.raises(ValueError, match="run `git pull`"):
        bring_up_to_date(project.repository)
    project.git("pull", "--quiet", "--ff-only", "origin", "main")
    assert to_stage(project, "v1.0.0") == "cells#prod#2"


def test_a_data_set_is_examined_as_it_comes_from_the_remote(project, tmp_path):
    repository = project.repository
    first = resolve(repository, Reference("cells", version="v1.0.0"))
    examined = examine(repository, first, tmp_path / "new", agreement=1)
    assert [check.passed for check in examined.checks] == [True]
    assert (tmp_path / "new" / "data" / "cells" / "b").read_text() == "two"
    kind, outputs = outputs_of(repository, first.commit, "cells")
    assert (kind, len(outputs)) == ("dataset", 1)


def test_an_artifact_that_dvc_does_not_keep_is_said(project):
    (project.root / "params.yaml").write_text("chosen: {name: nothing}\n")
    project.commit()
    repository = project.repository
    with pytest.raises(ValueError, match="data/nothing"):
        outputs_of(repository, repository.commit("HEAD"), "chosen")


def test_refusals_say_which_check_failed_and_of_what_kind():
    good, bad, other = Check("coverage", True, "all"), Check("licence", False, "unknown"), Check("files", False, "rot")
    refuse_failed([good], "x")
    with pytest.raises(ValueError, match="x: refused; licence: unknown"):
        refuse_failed([good, bad], "x")
    with pytest.raises(IntegrityError, match="licence: unknown; files: rot"):
        refuse_failed([bad, other], "x")


def test_a_repository_of_commits_alone_has_no_releases(tmp_path):
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "-c", "user.name=A", "-c", "user.email=a@b", "commit", "--quiet", "--allow-empty", "--message", "x")
    assert releases(open_repository(str(tmp_path), tmp_path)) == []
