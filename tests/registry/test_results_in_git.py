"""Numbers and figures that git keeps and that no stage made are named, wherever somebody might believe them."""

import json

import pytest
import yaml

from lab import KEPT, new_lab


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return new_lab(tmp_path_factory.mktemp("lab"))


@pytest.fixture
def lab(made, tmp_path):
    return made.copy(tmp_path)


def edit(lab, path):
    """Change a result by hand, in a folder one of its files."""
    file = lab.root / path / "b.csv" if (lab.root / path).is_dir() else lab.root / path
    file.write_text(file.read_text() + "better\n")


def altered(outcome):
    return [entry["path"] for entry in json.loads(outcome.out)["altered"]]


def test_where_nothing_was_edited_nothing_is_named(lab, cellarena):
    assert altered(lab.ask(cellarena, "status", "--json")) == []
    verified = lab.ask(cellarena, "verify", "--json")
    assert (verified.code, altered(verified)) == (0, [])
    lab.write("notes.txt", "a note\n")
    lab.commit()
    reviewed = lab.ask(cellarena, "review", "HEAD~1..HEAD")
    assert reviewed.code == 0
    assert "No result changed." in reviewed.out


@pytest.mark.parametrize("path", KEPT)
def test_an_edit_that_was_committed_is_named_by_all_four(lab, cellarena, path):
    edit(lab, path)
    lab.commit("Better numbers")
    assert altered(lab.ask(cellarena, "status", "--json")) == [path]
    assert f"{path} is not what" in lab.ask(cellarena, "status").out
    verified = lab.ask(cellarena, "verify")
    assert verified.code == 4
    assert f"{path}: not what stage" in verified.out
    assert "HEAD, main, the working tree" in verified.out
    assert path in verified.err
    reviewed = lab.ask(cellarena, "review", "HEAD~1..HEAD")
    assert reviewed.code == 4
    assert f"No result changed; but no stage made 1 of the results in git ({path})." in reviewed.out
    released = lab.ask(cellarena, "release", "counts")
    assert (released.code, lab.tags()) == (4, [])
    assert path in released.err
    assert released.err.count("\n") == 1


def test_an_edit_that_was_not_committed_is_named_where_the_working_tree_counts(lab, cellarena):
    edit(lab, "reports/report.md")
    assert altered(lab.ask(cellarena, "status", "--json")) == ["reports/report.md"]
    assert lab.ask(cellarena, "verify").code == 4
    assert lab.ask(cellarena, "release", "counts").code == 4
    lab.git("checkout", ".")
    assert lab.ask(cellarena, "verify").code == 0
    assert lab.ask(cellarena, "release", "counts").code == 0


def test_a_file_that_git_put_together_of_two_is_named(lab, cellarena):
    for branch, where in (("theirs", "report.txt"), ("main", "images.txt")):
        lab.git("switch", "--quiet", *(["--create"] if branch == "theirs" else []), branch)
        lab.write(where, f"{branch}\n" + "".join(f"{n}\n" for n in range(9)))
        lab.repro()
        lab.commit(f"Results of {branch}")
    lab.git("merge", "--quiet", "--strategy-option=ours", "--no-edit", "theirs")
    named = altered(lab.ask(cellarena, "status", "--json"))
    assert named == ["reports/report.md"]
    assert lab.ask(cellarena, "verify").code == 4
    lab.repro()
    lab.commit("Results of both")
    assert altered(lab.ask(cellarena, "status", "--json")) == []


def test_an_edit_in_another_branch_or_release_is_named_with_it(lab, cellarena):
    lab.git("switch", "--quiet", "--create", "other")
    edit(lab, "metrics/summary.json")
    lab.commit("Better numbers")
    lab.git("tag", "--annotate", "counts@v1.0.0", "--message", "By hand")
    lab.git("switch", "--quiet", "main")
    verified = lab.ask(cellarena, "verify")
    assert verified.code == 4
    assert "metrics/summary.json: not what stage count made, in counts@v1.0.0, other" in verified.out
    assert lab.ask(cellarena, "release", "counts", "--bump", "major").code == 0


def test_a_result_that_git_lost_is_named(lab, cellarena):
    lab.git("rm", "--quiet", "metrics/summary.json")
    lab.commit("Fewer numbers")
    reviewed = lab.ask(cellarena, "review", "HEAD~1..HEAD")
    assert reviewed.code == 4
    assert "metrics/summary.json" in reviewed.err


def test_what_a_stage_left_that_is_no_more_is_nobodys_claim(lab, cellarena):
    text = (lab.root / "dvc.yaml").read_text()
    start, end = text.index("  report:"), text.index("artifacts:")
    lab.write("dvc.yaml", text[:start] + text[end:])
    edit(lab, "reports/report.md")
    lab.commit("No report any more")
    assert lab.ask(cellarena, "verify").code == 0
    assert lab.ask(cellarena, "release", "counts").code == 0


def test_in_the_midst_of_a_merge_the_commits_are_compared_and_the_rest_is_named(lab, cellarena):
    for branch in ("theirs", "main"):
        lab.git("switch", "--quiet", *(["--create"] if branch == "theirs" else []), branch)
        lab.write("code.txt", f"{branch}\n")
        lab.repro()
        lab.commit(f"Results of {branch}")
    lab.run("git", "merge", "--quiet", "theirs", code=1)
    verified = lab.ask(cellarena, "verify")
    assert verified.code == 3
    assert "the working tree: not compared" in verified.out
    assert verified.err.splitlines()[-1].startswith("cellarena: the working tree: its results were not compared")
    lab.git("merge", "--abort")
    assert lab.ask(cellarena, "verify").code == 0


def test_a_name_with_an_underscore_is_released_under_that_with_a_hyphen(lab, cellarena):
    declared = yaml.safe_load((lab.root / "dvc.yaml").read_text())
    declared["artifacts"]["all-counts"] = declared["artifacts"]["counts"]
    lab.write("dvc.yaml", yaml.safe_dump(declared, sort_keys=False))
    lab.commit("Another artifact")
    released = lab.ask(cellarena, "release", "all_counts")
    assert (released.code, lab.tags()) == (0, ["all-counts@v1.0.0"])
    assert "all-counts@v1.0.0" in lab.ask(cellarena, "releases", "all_counts").out
