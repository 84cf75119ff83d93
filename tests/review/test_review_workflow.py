"""The steps of the pull request's workflow, run here in a small repository with a `cml` that only notes its words."""

import re
import subprocess

import pytest
import yaml

from two_commits import IDS, PARAMS, UNET, Project
from workspace import ROOT

WORKFLOW = ROOT / ".github/workflows/review.yml"


@pytest.fixture(scope="module")
def workflow():
    return yaml.safe_load(WORKFLOW.read_text())


def steps(workflow):
    return workflow["jobs"]["review"]["steps"]


def test_it_runs_on_pull_requests_with_the_least_rights(workflow):
    # YAML 1.1 reads `on` as true.
    assert set(workflow[True]) == {"pull_request"}
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["jobs"]["review"]["permissions"] == {"contents": "read", "pull-requests": "write"}


def test_every_action_is_pinned_and_no_text_of_the_pull_request_reaches_a_shell(workflow):
    used = [step["uses"] for step in steps(workflow) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+\.\d+)?", name) for name in used)
    assert not any("${{" in step["run"] for step in steps(workflow) if "run" in step)
    assert next(s for s in steps(workflow) if "setup-cml" in s.get("uses", ""))["with"]["version"] == "v0.20.0"


def test_its_steps_review_the_branch_and_post_it(workflow, tmp_path):
    project = Project(tmp_path)
    main = project.workspace.run("git", "rev-parse", "HEAD").strip()
    project.workspace.run("git", "update-ref", "refs/remotes/origin/main", main)
    project.set_params(models={**PARAMS["models"], "unet": {"learning_rate": 0.5, "width": 16}})
    project.write_run(UNET, {name: 10 - k for k, name in enumerate(IDS)})
    project.write_file("Makefile", "setup:\n\ttouch installed\n")
    project.commit("A higher learning rate")
    words, programs = tmp_path / "words", tmp_path / "programs"
    programs.mkdir()
    (programs / "cml").write_text(f'#!/bin/sh\nprintf "%s\\n" "$REPO_TOKEN" "$@" > {words}\n')
    (programs / "cml").chmod(0o755)
    environment = project.workspace.environment
    environment |= {
        "PATH": f"{programs}:{environment['PATH']}", "GITHUB_BASE_REF": "main", "REPO_TOKEN": "a token",
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }  # fmt: skip
    ran = [step for step in steps(workflow) if "run" in step]
    assert [step["name"] for step in ran] == ["Install", "Fetch what is compared", "Review", "Comment"]
    for step in ran:
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]]
        done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{step['name']}: {done.stdout}{done.stderr}"
    assert (project.root / "installed").exists()
    assert words.read_text().splitlines() == ["a token", "comment", "create", "--publish", "review.md"]
    posted = (project.root / "review.md").read_text()
    assert "1 of 2 runs changed: unet-real-0 is worse by" in posted
    assert (tmp_path / "summary.md").read_text() == posted
    linked = re.findall(r"!\[.*?\]\((.*?)\)", posted)
    assert len(linked) == 6
    assert all((project.root / path).is_file() for path in linked)
    assert (project.root / "review.html").stat().st_size > 10_000
