import pytest

from cellarena.faults import SecurityError
from cellarena.registry.repository.repository import open_repository
from small_registry import git, new_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return new_project(tmp_path_factory.mktemp("repository"))


def test_files_are_read_from_the_commit_not_from_the_working_tree(project):
    (project.root / "params.yaml").write_text("chosen: {name: other}\n")
    repository = project.repository
    head = repository.commit("HEAD")
    try:
        assert repository.read(head, "params.yaml") == b"chosen: {name: cells}\n"
        assert repository.mapping(head, "params.yaml") == {"chosen": {"name": "cells"}}
        assert repository.read(head, "absent") is None
        assert repository.mapping(head, "absent") == {}
    finally:
        git(project.root, "checkout", "--quiet", "params.yaml")


def test_a_copy_of_a_repository_elsewhere_follows_it(project, tmp_path):
    bare = tmp_path / "bare.git"
    git(project.root, "clone", "--quiet", "--bare", str(project.root), str(bare))
    # git clones what is called like a host from the file system, if there is no other way to it.
    first = open_repository(str(bare), tmp_path / "copies")
    assert first.commit("main") == project.repository.commit("HEAD")
    assert open_repository(f"file://{bare}", tmp_path / "copies").home == first.home


@pytest.mark.parametrize("address", ["nowhere", "ext::sh -c touch% canary", "--upload-pack=touch canary", "."])
def test_an_address_without_a_repository_is_refused_and_runs_nothing(address, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ValueError, match="git"):
        open_repository(address, tmp_path / "copies")
    assert not (tmp_path / "canary").exists()


@pytest.mark.parametrize("revision", ["nothing", "--all", "HEAD:params.yaml", "", "main..main"])
def test_what_names_no_commit_is_refused(project, revision):
    with pytest.raises(ValueError, match="no commit is called"):
        project.repository.commit(revision)


@pytest.mark.parametrize("path", ["/etc/passwd", "../up", "a/../../b", "a\\..\\b"])
def test_a_path_out_of_the_repository_is_refused(project, path):
    repository = project.repository
    with pytest.raises(SecurityError, match="leads out"):
        repository.refuse_escape(repository.commit("HEAD"), path)


def test_a_path_through_a_symbolic_link_is_refused(tmp_path):
    project = new_project(tmp_path)
    (project.root / "link").symlink_to("/")
    project.commit()
    repository = project.repository
    head = repository.commit("HEAD")
    repository.refuse_escape(head, "data/cells")
    for path in ("link", "link/below/deep"):
        with pytest.raises(SecurityError, match="symbolic link"):
            repository.refuse_escape(head, path)


@pytest.mark.parametrize("content", [b"- a list", b"a: [", b"\xff\xfea", b"a: " + b"[" * 5000])
def test_a_damaged_file_is_named(tmp_path, content):
    project = new_project(tmp_path)
    (project.root / "dvc.yaml").write_bytes(content)
    project.commit()
    repository = project.repository
    with pytest.raises(ValueError, match=r"dvc\.yaml"):
        repository.mapping(repository.commit("HEAD"), "dvc.yaml")


def test_a_token_in_an_address_is_not_told_and_not_kept(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="git clone") as raised:
        open_repository("http://user:token123@127.0.0.1:9/lab/cells.git", tmp_path / "copies")
    assert "token123" not in str(raised.value)
    assert "http://127.0.0.1:9/lab/cells.git" in str(raised.value)
