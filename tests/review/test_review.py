"""Pull requests on a repository made by hand: what is changed is shown, and nothing else."""

import json
import shutil

import pytest
from markdown_it import MarkdownIt

from two_commits import IDS, PARAMS, SAC, UNET, Project

FEWER = dict.fromkeys(IDS, 10) | {name: 10 - k for k, name in enumerate(IDS)}
SLOW = {**PARAMS["models"], "unet": {"learning_rate": 0.5, "width": 16}}


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return Project(tmp_path_factory.mktemp("first"))


@pytest.fixture
def project(first, tmp_path):
    """The repository after its first commit, with a cache and a remote of its own."""
    copy = first.copy(tmp_path)
    copy.workspace.run("git", "switch", "--quiet", "--create", "branch")
    return copy


@pytest.fixture
def review(cellarena, monkeypatch):
    """Review a range of a project: exit code, what was printed, and the Markdown."""

    def call(project, revisions="main..HEAD", code=0):
        for name, value in project.workspace.environment.items():
            monkeypatch.setenv(name, value)
        outcome = cellarena(project.root, "review", revisions, "-o", "../review.md")
        assert outcome.code == code, outcome.err
        path = project.root.parent / "review.md"
        return outcome, path.read_text() if path.exists() else ""

    return call


def tables(markdown):
    """Return the rows of every table by its heading, header aside; cells as a renderer shows them."""
    found, heading, row = {}, "", []
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        if token.type == "tr_open":
            row = []
        elif token.type == "inline":
            shown = "".join(c.content for c in token.children if c.type in {"text", "text_special"})
            heading, row = (heading, [*row, shown]) if token.level > 1 else (shown, row)
        elif token.type == "tr_close":
            found.setdefault(heading, []).append(row)
    return {heading: rows[1:] for heading, rows in found.items()}


def change_rate(project):
    """Change the learning rate of one model, which then finds fewer cells."""
    project.set_params(models=SLOW)
    project.write_run(UNET, FEWER)
    project.commit("A higher learning rate")


@pytest.fixture(scope="module")
def rate(first, tmp_path_factory):
    """The branch that changed a learning rate, and what its review printed; the review lies beside the repository."""
    project = first.copy(tmp_path_factory.mktemp("rate"))
    change_rate(project)
    arguments = "cellarena", "review", "HEAD~1..HEAD", "-o", "../review.md", "--html", "../review.html"
    return project, project.workspace.run(*arguments)


def test_a_changed_learning_rate_shows_that_models_run_only(rate):
    project, printed = rate
    markdown = (project.root.parent / "review.md").read_text()
    shown = tables(markdown)
    assert shown["Parameters"] == [["models.unet.learning_rate", "0.0006", "0.5"]]
    assert shown["Runs"] == [["unet-real-0", "changed", "changed", "changed", "models.unet.learning_rate"]]
    assert [row[0] for row in shown["F1 at IoU 0.5 by run"]] == ["unet-real-0"]
    assert "sac" not in markdown
    assert printed.startswith("1 of 2 runs changed: unet-real-0 is worse by ")
    assert "Data: unchanged." in markdown
    assert "⚠️" not in markdown


def test_the_difference_comes_with_its_interval_and_its_verdict(rate):
    markdown = (rate[0].root.parent / "review.md").read_text()
    (row,) = tables(markdown)["F1 at IoU 0.5 by run"]
    # Of 10 cells 10, 9, ... 3 are found: F1 is 2 n / (n + 10).
    expected = sum(2 * n / (n + 10) for n in range(3, 11)) / 8
    assert row[1:5] == ["8", "1.000", f"{expected:.3f}", f"{expected - 1:.3f}"]
    low, high = map(float, row[5:7])
    assert low < expected - 1 < high < 0
    assert row[8:] == ["worse", "cannot tell"]
    assert "cannot tell about the models: 1 seed; on these images worse by" in markdown


def test_the_images_that_changed_most_are_drawn_the_worst_first(rate):
    folder = rate[0].root.parent
    drawn = [line for line in (folder / "review.md").read_text().splitlines() if line.startswith("![")]
    assert drawn == [f"![image_{k}](review_files/{n}.png)" for n, k in enumerate((7, 6, 5, 4, 3, 2), 1)]
    assert sorted(path.name for path in (folder / "review_files").iterdir()) == [f"{n}.png" for n in range(1, 7)]


def test_the_page_holds_its_pictures_itself(rate):
    page = (rate[0].root.parent / "review.html").read_text()
    assert page.count('src="data:image/png;base64,') == 6
    assert "review_files" not in page


def test_the_same_review_has_the_same_bytes_and_leaves_the_repository_alone(rate, tmp_path):
    project, _ = rate
    project.workspace.run("cellarena", "review", "HEAD~1..HEAD", "-o", str(tmp_path / "review.md"))
    files = ["review.md", *(f"review_files/{n}.png" for n in range(1, 7))]
    assert [(tmp_path / f).read_bytes() for f in files] == [(project.root.parent / f).read_bytes() for f in files]
    assert project.workspace.run("git", "status", "--porcelain") == ""


def test_a_comment_changes_no_result(project, review):
    project.write_file("src/cellarena/models/unet.py", "WIDTH = 16  # at the finest stage\n")
    project.commit_in_git("A comment")
    outcome, markdown = review(project)
    assert outcome.out == "No result changed.\n"
    assert "No result changed." in markdown
    assert tables(markdown) == {"Code": [["src/cellarena/models", "1", "1", "1"]]}
    assert "1 stage was not run with what this commit holds" in markdown
    assert "train&#64;unet-real-0; what differs: src/cellarena/models/unet.py" in markdown
    assert not (project.root.parent / "review_files").exists()


def test_a_comment_that_was_run_again_changes_no_result_and_needs_no_warning(project, review):
    project.write_file("src/cellarena/models/unet.py", "WIDTH = 16  # at the finest stage\n")
    project.commit("A comment, run again")
    outcome, markdown = review(project)
    assert outcome.out == "No result changed.\n"
    assert "⚠️" not in markdown


def test_a_parameter_that_was_not_run_is_a_warning(project, review):
    project.set_params(models=SLOW)
    project.commit_in_git("A higher learning rate, not run")
    outcome, markdown = review(project)
    assert outcome.out == "No result changed.\n"
    assert "what differs: models.unet.learning_rate. Run" in markdown


def test_other_test_images_limit_the_comparison_to_those_in_both(project, review):
    ids = [*IDS[:-1], "new"]
    project.write_images(ids, annotated={IDS[0]: 12})
    for run in (UNET, SAC):
        project.write_run(run, dict.fromkeys(ids, 9))
    project.commit("Another image, another annotation")
    outcome, markdown = review(project)
    assert "8 images before, 8 after, 6 with the same content in both" in markdown
    assert [row[:2] for row in tables(markdown)["F1 at IoU 0.5 by run"]] == [["sac-real-0", "6"], ["unet-real-0", "6"]]
    assert [row[0] for row in tables(markdown)["Data"]] == ["data/preprocessed", "data/splits"]
    assert "data changed (data/preprocessed, data/splits)" in outcome.out


def test_lost_answers_and_new_leaks_are_named(project, review):
    leak = {"why": "near-duplicates", "images": {"image_0": "test", "a|b": "train"}}
    project.write_images(IDS, leaks=[leak])
    project.write_run(UNET, dict.fromkeys(IDS, 10), failed=[IDS[1]], unscored=[IDS[2]])
    project.commit("Worse")
    _, markdown = review(project)
    assert tables(markdown)["Images that lost their answer"] == [
        ["❌ unet-real-0", "image_1", "ok", "failed", "no memory"],
        ["❌ unet-real-0", "image_2", "ok", "missing", "not scored"],
    ]
    assert "- ⚠️ a&#124;b (train), image_0 (test)" in markdown


def test_new_and_gone_runs_are_named(project, review):
    project.commit("SAC is gone", runs=[UNET])
    outcome, markdown = review(project)
    assert outcome.out == "1 run is gone (sac-real-0).\n"
    assert tables(markdown)["Runs"] == [["sac-real-0", "gone", "gone", "gone", ""]]
    assert review(project, "HEAD..main")[0].out == "1 run is new (sac-real-0).\n"


def test_what_cannot_be_fetched_is_a_row_and_the_rest_is_told(project, review):
    change_rate(project)
    md5 = project.locked("evaluate", project.layout.scores(UNET))
    project.object(md5).unlink()
    outcome, markdown = review(project, code=3)
    assert outcome.err.splitlines()[-1].startswith("cellarena: 1 file(s) could not be read, among them data/scores/")
    (row,) = tables(markdown)["Files that could not be read"]
    assert row[0] == "❌ data/scores/unet-real-0.csv"
    assert "unet-real-0 is not compared" in markdown


def test_a_rotten_object_is_not_reviewed_as_if_it_were_right(project, review):
    change_rate(project)
    md5 = project.locked("evaluate", project.layout.scores(UNET))
    project.object(md5).write_bytes(project.object(md5).read_bytes().replace(b"0.5", b"0.6"))
    _, markdown = review(project, code=3)
    (row,) = tables(markdown)["Files that could not be read"]
    assert f"{md5} was promised" in row[2]


def test_what_only_the_remote_has_is_fetched(project, review):
    change_rate(project)
    cache = project.root / ".dvc/cache/files"
    shutil.move(cache, project.root.parent / "cellarena-storage/files")
    outcome, _ = review(project)
    assert outcome.out.startswith("1 of 2 runs changed: unet-real-0 is worse by ")
    made = {run: (project.layout.checkpoint(run), project.layout.scores(run)) for run in (UNET, SAC)}
    needed = project.locked("evaluate", made[UNET][1])
    unneeded = [project.locked(f"train@{run}", made[run][0]) for run in made]
    unneeded.append(project.locked("evaluate", made[SAC][1]))
    assert project.object(needed).is_file()
    assert not any(project.object(md5).exists() for md5 in unneeded), "only what differs and is looked at is fetched"


def test_a_branch_that_lacks_commits_of_its_base_is_told_so(project, review):
    project.workspace.run("git", "commit", "--quiet", "--allow-empty", "--message", "Nothing")
    project.workspace.run("git", "switch", "--quiet", "main")
    change_rate(project)
    _, markdown = review(project, "main..branch")
    assert "1 commit of main is not in branch: what they brought" in markdown
    outcome, markdown = review(project, "main...branch")
    assert outcome.out == "No result changed.\n"
    assert "⚠️" not in markdown


@pytest.mark.parametrize(
    ("revisions", "said"),
    [("main", "names no two commits"), ("main..", "names no two commits"), ("main....x", "names no two commits"),
     ("nowhere..HEAD", "no commit is called 'nowhere'"), ("--all..HEAD", "no commit is called '--all'")],
)  # fmt: skip
def test_a_range_that_is_none_is_refused_in_one_line(project, cellarena, revisions, said):
    outcome = cellarena(project.root, "review", "--", revisions)
    assert outcome.code == 2
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1


def test_scores_of_a_commit_that_held_them_one_by_one_are_compared(project, review):
    project.commit("As it was", scored_apart=True)
    change_rate(project)
    outcome, markdown = review(project, "HEAD~1..HEAD")
    assert outcome.out.startswith("1 of 2 runs changed: unet-real-0 is worse by ")
    assert tables(markdown)["Runs"] == [["unet-real-0", "changed", "changed", "changed", "models.unet.learning_rate"]]
    assert "data/scores" not in markdown
    outcome, _ = review(project, "main..HEAD~1")
    assert outcome.out == "No result changed.\n"


def test_a_list_of_scores_that_cannot_be_fetched_is_a_row(project, review):
    change_rate(project)
    project.object(project.locked("evaluate", project.root / "data/scores")).unlink()
    _, markdown = review(project, code=3)
    (row, *_) = tables(markdown)["Files that could not be read"]
    assert row[0] == "❌ data/scores"


def test_files_of_others_beside_the_review_are_left_alone(project, review):
    change_rate(project)
    folder = project.root.parent / "review_files"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    outcome, _ = review(project, code=2)
    assert "holds files that are no pictures of a review" in outcome.err
    assert (folder / "notes.txt").read_text() == "mine"


def test_changed_runs_that_learnt_with_other_libraries_than_the_commit_pins_are_named(project, review):
    project.write_file("requirements.lock", "torch==2.13.0\n")
    card = project.layout.checkpoint(UNET) / "model.json"
    for version in ("2.12.1", "2.13.0"):
        card.write_text(json.dumps({"format": 1, "libraries": {"torch": version, "numpy": "2.4.6"}}))
        project.commit(f"Trained with torch {version}")
    assert "torch 2.12.1 (requirements.lock: 2.13.0)" in review(project, "main..HEAD~1")[1]
    assert "other libraries" not in review(project, "main..HEAD")[1]
