"""A project that is a folder of the lab's git repository: everything works there, and from afar by its address."""

import json
import shutil

import pytest
from dvc.api import artifacts_show

from cellarena.images.io import write_image
from cellarena.images.origins import read_origin
from cellarena.registry.integrity.named_commits import published_commits
from cellarena.registry.releases.releases import releases
from cellarena.registry.repository.repository import open_repository
from released import Project, discs, new_project
from shaped import RAW
from shapes_of_places import a_folder_of_the_labs_repository, a_pipeline_in_each_folder, two_projects_in_one_repository
from small_repository import SmallRepository, md5


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A lab's repository with the project in cells/2d, where unet@v1.0.0 is in prod, and a bare copy of it."""
    parent = tmp_path_factory.mktemp("lab")
    made, root = new_project(parent / "made"), parent / "lab/cells/2d"
    root.parent.mkdir(parents=True)
    shutil.move(made.root, root)
    shutil.move(parent / "made/storage", parent / "storage")
    shutil.move(root / ".git", parent / "lab/.git")
    project = Project(root)
    for name in project.git("tag").split():
        project.git("tag", "--delete", name)
    config = root / ".dvc/config"
    config.write_text(config.read_text().replace("../../storage", str(parent / "storage")))
    (parent / "lab/params.yaml").write_text("of: another project\n")
    project.commit("In a folder")
    project.tag("cells/2d=unet@v1.0.0", "cells/2d=unet#prod#1", "unet@v7.0.0", "other=unet@v8.0.0")
    project.git("clone", "--quiet", "--bare", str(parent / "lab"), str(parent / "lab.git"))
    project.git("remote", "add", "origin", str(parent / "lab.git"))
    return project


@pytest.fixture
def project(original, tmp_path, monkeypatch):
    monkeypatch.setenv("CELLARENA_CACHE", str(tmp_path / "cache"))
    write_image(discs(1)[0], tmp_path / "images/a.tiff")
    return original


def addresses(project):
    lab = project.root.parents[1]
    within = "#subdirectory=cells/2d"
    return [str(project.root), f"{lab}{within}", f"{lab}.git{within}", f"file://localhost{lab}.git{within}"]


@pytest.mark.parametrize("n", range(4), ids=["folder", "clone", "bare", "elsewhere"])
def test_a_release_is_used_and_traced_from_any_address(project, cellarena, tmp_path, n):
    address = addresses(project)[n]
    segment = cellarena(tmp_path, "segment", "images", "--release", "unet#prod", "--repo", address, "-o", "out")
    assert segment.code == 0, segment
    origin = read_origin(tmp_path / "out/a.tiff")
    assert origin.release.address.endswith("lab.git#subdirectory=cells/2d") or n == 2
    lineage = cellarena(tmp_path, "lineage", "unet#prod", "--repo", address, "--json")
    assert lineage.code == 0, lineage
    assert json.loads(lineage.out)["run"]["name"] == "unet-real-0"
    assert cellarena(tmp_path, "lineage", "out/a.tiff", "--repo", address).code == 0


def test_only_the_releases_of_the_project_are_its_own(project):
    repository = open_repository(str(project.root / "data"), project.root)
    assert repository.within == "cells/2d"
    assert [(str(release), release.tag) for release in releases(repository)] == [
        ("unet@v1.0.0", "cells/2d=unet@v1.0.0")
    ]
    assert [named.name for named in published_commits(repository)] == ["HEAD", "unet@v1.0.0"]


def test_dvc_knows_the_release_by_the_same_tag(project):
    found = artifacts_show("cells/2d:unet", stage="prod", repo=str(project.root.parents[1]))
    assert found["path"] == "cells/2d/data/packages/unet"


def test_who_forgets_the_folder_is_told_it(project, cellarena, tmp_path):
    outcome = cellarena(
        tmp_path, "segment", "images", "--release", "raw", "--repo", f"{project.root.parents[1]}#subdirectory=other"
    )
    assert outcome.code == 2
    outcome = cellarena(tmp_path, "lineage", "unet#prod", "--repo", f"{project.root.parents[1]}#subdirectory=cells")
    assert outcome.code == 2
    assert "cells/2d" in outcome.err


@pytest.mark.parametrize("within", ["../up", "/etc", "a/../../b"])
def test_an_address_leads_nowhere_else(project, cellarena, tmp_path, within):
    outcome = cellarena(tmp_path, "lineage", "unet#prod", "--repo", f"{project.root}#subdirectory={within}")
    assert outcome.code == 2
    assert len(outcome.err.splitlines()) == 1


def test_an_output_is_compared_and_traced(project, cellarena):
    outcome = cellarena(project.root, "lineage", "metrics/benchmark.csv", "--json")
    assert outcome.code == 0, outcome
    assert json.loads(outcome.out)["comparison"]["state"] == "unchanged"


def test_review_compares_the_project_alone(tmp_path, cellarena):
    made = a_folder_of_the_labs_repository(tmp_path)
    root, repository = made.repository.root, made.repository
    (root / "params.yaml").write_text((root / "params.yaml").read_text().replace("agreement: 0.99", "agreement: 0.9"))
    (root / "requirements.lock").write_text("torch==9\n")
    (tmp_path / "lab/elsewhere.txt").write_text("of the lab")
    repository.commit({**RAW, "c.bin": b"three"})
    outcome = cellarena(root, "review", "HEAD~1..HEAD")
    assert outcome.code == 0, outcome
    for name in ("requirements.lock", "registry.agreement", "data/raw"):
        assert name in outcome.out
    assert "elsewhere.txt" not in outcome.out
    assert "cells/2d" not in outcome.out


def test_review_knows_the_stages_of_every_folder(tmp_path, cellarena):
    made = a_pipeline_in_each_folder(tmp_path)
    lock = made.repository.root / "nuclei/dvc.lock"
    lock.write_text(lock.read_text().replace(md5(b"nuclei"), made.keep(b"other nuclei")))
    made.repository.git("commit", "--all", "--quiet", "--message", "Changed")
    outcome = cellarena(made.repository.root, "review", "HEAD~1..HEAD")
    assert outcome.code == 0, outcome
    assert "nuclei/out/w.bin" in outcome.out
    lineage = cellarena(made.repository.root, "lineage", "nuclei/out/w.bin", "--json")
    assert json.loads(lineage.out)["stages"][0]["name"] == "nuclei/dvc.yaml:fit"


def test_what_is_withdrawn_in_one_project_is_not_in_another(tmp_path, cellarena):
    """Both have an artifact `counts`; everything is done in one folder, and the other one does not see it."""
    cells = two_projects_in_one_repository(tmp_path).repository
    nuclei = SmallRepository(tmp_path / "lab/nuclei")
    for repository in (cells, nuclei):
        assert cellarena(repository.root, "sync").code == 0
        assert cellarena(repository.root, "release", "counts").code == 0
        assert cellarena(repository.root, "promote", "counts@v1.0.0", "dev").code == 0
    cells.commit(RAW, counts="5\n")
    for words in (["sync"], ["release", "counts"], ["promote", "counts@v1.1.0", "dev"]):
        assert cellarena(cells.root, *words).code == 0
    done = cellarena(cells.root, "withdraw", "counts@v1.1.0", "--why", "counted twice")
    assert done.code == 0, done.err
    assert "tag cells=counts@v1.1.0!" in done.out
    assert standing(cells, cellarena) == [("v1.1.0", [], "counted twice"), ("v1.0.0", [], None)]
    assert cellarena(cells.root, "rollback", "counts", "dev").code == 0
    assert standing(cells, cellarena) == [("v1.1.0", [], "counted twice"), ("v1.0.0", ["dev"], None)]
    assert cellarena(cells.root, "withdraw", "counts#dev", "--why", "a trial").code == 0
    assert cellarena(cells.root, "withdraw", "counts@v1.0.0", "--why", "all wrong").code == 0
    assert standing(cells, cellarena) == [("v1.1.0", [], "counted twice"), ("v1.0.0", [], "all wrong")]
    assert standing(nuclei, cellarena) == [("v1.0.0", ["dev"], None)]
    assert cells.git("tag") == cells.git("--git-dir", str(tmp_path / "origin.git"), "tag")
    (shown,) = json.loads(nuclei.run("gto", "show", "nuclei:counts#dev", "--repo", str(tmp_path / "lab"), "--json"))
    assert shown["version"] == "v1.0.0"
    assert json.loads(nuclei.run("gto", "show", "cells:counts#dev", "--repo", str(tmp_path / "lab"), "--json")) == []


def standing(repository, cellarena):
    """Return versions, the stages that hold them, and why they were withdrawn."""
    listed = cellarena(repository.root, "releases", "counts", "--json")
    assert listed.code == 0, listed.err
    return [(entry["version"], entry["stages"], entry["withdrawn"]) for entry in json.loads(listed.out)]
