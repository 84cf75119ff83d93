"""Where releases, label images and outputs come from, and what is said where it cannot be told."""

import json
import shutil

import numpy as np
import pytest

from cellarena.images.io import file_sha256, read_image, write_image, write_labels
from cellarena.images.origins import Origin, labels_sha256, read_origin, weights_of
from released import RUN, copied, discs, new_project, stages, write_release

KEYS = {
    "asked", "kind", "release", "comparison", "origin", "labels_unchanged", "run", "data", "arm", "generator",
    "training", "parents", "environment", "package", "stages",
}  # fmt: skip


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    return new_project(tmp_path_factory.mktemp("released"))


@pytest.fixture
def project(original, tmp_path, monkeypatch):
    monkeypatch.setenv("CELLARENA_CACHE", str(tmp_path / "cache"))
    return copied(original, tmp_path)


@pytest.fixture
def asked(project, cellarena):
    """Ask for the lineage of something as JSON: `asked("unet#prod", code=0)`."""

    def ask(what, *options, code=0):
        outcome = cellarena(project.root, "lineage", what, "--json", *options)
        assert outcome.code == code, outcome.err
        found = json.loads(outcome.out)
        assert set(found) == KEYS
        return found

    return ask


def origin_of(project, labels, **changes):
    folder = project.root / "data/checkpoints" / RUN
    content = {
        "software": "cellarena 0.1.0", "run": RUN, "weights": weights_of([folder]), "image": "a.png",
        "image_sha256": "1" * 64, "labels_sha256": labels_sha256(labels),
    }  # fmt: skip
    return Origin(**{**content, **changes})


def segmented(project, cellarena, parent):
    write_image(discs(1)[0], parent / "images/a.tiff")
    assert cellarena(project.root, "segment", "../images", "--release", "unet", "-o", "../out").code == 0
    return parent / "out/a.tiff"


@pytest.mark.parametrize("what", ["unet#prod", "unet@v1.0.0", "unet"])
def test_a_release_is_traced_to_the_data_and_what_it_was_made_with(project, asked, what):
    found = asked(what)
    assert (found["kind"], found["release"]["version"], found["release"]["stages"]) == ("release", "v1.0.0", ["prod"])
    assert found["run"] == {"name": RUN, "model": "unet", "arm": "real", "seed": 0}
    assert (found["data"]["source"], found["data"]["licence"]) == ("simulated", "CC0-1.0")
    assert found["data"]["raw"] == project.push("data/raw")
    assert found["data"]["splits"] == project.push("data/splits")
    assert found["data"]["split"] == {"seed": 56, "val": 0.1}
    assert found["arm"] == {"label": "R", "real": 1}
    assert found["training"]["checkpoint"] == project.push(f"data/checkpoints/{RUN}")
    assert found["training"]["parameters"]["budget"] == "smoke"
    assert found["parents"] == [{"kind": "pretrained", "name": "net.safetensors", "hash": f"sha256:{'ab' * 32}"}]
    assert found["environment"]["commit"] == project.git("rev-parse", "HEAD").strip()
    assert found["environment"]["requirements_sha256"] == file_sha256(project.root / "requirements.lock")
    assert found["package"]["score"]["mean"] == 0.8
    assert [stage["name"] for stage in found["stages"]][:2] == ["package@unet", f"train@{RUN}"]
    assert {stage["name"] for stage in found["stages"]} >= {"arms@real", "split", "preprocess", "acquire"}
    assert "compare" not in {stage["name"] for stage in found["stages"]}


def test_a_release_that_learnt_with_other_libraries_than_its_commit_pins_says_so(project, asked, cellarena):
    assert asked("unet@v1.0.0")["environment"]["otherwise"] == {}
    (project.root / "requirements.lock").write_text("# pinned\nnumpy==2.4.6\nTorch==2.12.1\n")
    project.commit("Another torch")
    project.tag("unet@v1.1.0")
    found = asked("unet@v1.1.0")["environment"]
    assert (found["libraries"], found["otherwise"]) == ({"torch": "2.13.0"}, {"torch": "==2.12.1"})
    assert "2.13.0; requirements.lock of the commit asks for ==2.12.1" in cellarena(project.root, "lineage", "unet").out


def test_without_the_package_the_rest_is_told_and_it_is_partial(project, asked, cellarena):
    shutil.rmtree(project.remote)
    found = asked("unet@v1.0.0", code=3)
    assert (found["package"], found["run"]) == (None, None)
    assert found["data"]["source"] == "simulated"
    said = cellarena(project.root, "lineage", "unet@v1.0.0").err
    assert said.startswith("cellarena: run, licence, score, libraries and training are missing: ")


def test_a_data_set_has_a_lineage_too(asked):
    found = asked("raw@v1.0.0")
    assert (found["run"], found["package"], found["training"], found["parents"]) == (None, None, None, [])
    assert [stage["name"] for stage in found["stages"]] == ["acquire"]


@pytest.mark.parametrize("folder", ["data", "data/study"])
def test_stages_are_known_by_what_they_make_whatever_their_names_and_commands(project, asked, folder):
    run, arm = "unet-mixed50-0", f"{folder}/arms/mixed50.csv"
    for path in ("data/generators/pix2pix", "data/synthetic/pix2pix", f"{folder}/checkpoints/{run}", f"{folder}/arms"):
        (project.root / path).mkdir(parents=True, exist_ok=True)
        (project.root / path / "mixed50.csv").write_text(path)
    generator = {"synthesize.generators.pix2pix": {"kind": "pix2pix", "share": 1}}
    made = {
        **stages(),
        "fit": ("g", ["data/splits"], ["data/generators/pix2pix"], {}),
        "paint": ("p", ["data/generators/pix2pix"], ["data/synthetic/pix2pix"], generator),
        "mix": ("m", ["data/synthetic/pix2pix"], [arm], {"arms.mixed50": {"real": 1, "generator": "pix2pix"}}),
        "learn": ("l", [arm], [f"{folder}/checkpoints/{run}"], {"budget": "smoke"}),
    }
    project.lock({f"new-{n}": (f"of {n}", *rest) for n, (_, *rest) in enumerate(made.values())})
    project.commit("Other names and commands")
    found = asked(f"{folder}/checkpoints/{run}")
    assert (found["run"]["name"], found["training"]["run"]["arm"]) == (run, "mixed50")
    assert (found["arm"]["generator"], found["data"]["split"]) == ("pix2pix", {"seed": 56, "val": 0.1})
    assert found["generator"]["weights"] == project.push("data/generators/pix2pix")
    assert found["generator"]["images"] == project.push("data/synthetic/pix2pix")
    assert found["generator"]["settings"] == {"kind": "pix2pix", "share": 1}
    assert asked("data/packages/unet")["run"]["name"] == RUN


def test_an_ensemble_is_traced_to_its_members_and_an_arm_to_the_stage_of_all_arms(project, asked):
    folders = [f"data/checkpoints/{name}-mixed50-0" for name in ("unet", "sac", "nnunet")]
    for path in ("data/study/arms", *folders, "data/ensembles/both-mixed50-0"):
        (project.root / path).mkdir(parents=True)
        (project.root / path / "file").write_text(path)
    arms, members = {"arms": {"mixed50": {"real": 1, "label": "R+S@50"}}}, {"members": ["unet", "sac"]}
    made = {
        **stages(),
        "arms": ("arms", ["data/splits"], ["data/study/arms"], arms),
        **{f"train-{n}": ("t", ["data/study/arms"], [folder], {}) for n, folder in enumerate(folders)},
        "both": ("b", ["data/checkpoints"], ["data/ensembles/both-mixed50-0"], {"ensembles.both": members}),
    }
    project.lock(made)
    project.commit("An ensemble")
    found = asked("data/ensembles/both-mixed50-0")
    assert {parent["name"] for parent in found["parents"]} == {"unet-mixed50-0", "sac-mixed50-0"}
    assert (found["training"]["stage"], found["arm"]["label"]) == ("both", "R+S@50")
    assert found["training"]["checkpoint"] == project.push("data/ensembles/both-mixed50-0")


def test_an_output_is_compared_and_traced(project, asked):
    found = asked("plots/comparison/ranks.png")
    assert found["comparison"]["state"] == "unchanged"
    assert (found["comparison"]["output"], found["stages"][0]["name"]) == ("plots/comparison", "compare")
    assert {stage["name"] for stage in found["stages"]} == {
        "compare", f"predict@{RUN}", f"train@{RUN}", "arms@real", "split", "preprocess", "acquire",
    }  # fmt: skip
    assert asked("metrics/benchmark.csv")["comparison"]["state"] == "unchanged"
    assert asked(f"data/checkpoints/{RUN}")["run"]["name"] == RUN


@pytest.mark.parametrize("name", ["plots/comparison/ranks.png", "metrics/benchmark.csv", "data/raw/images/a.tiff"])
def test_an_output_that_was_edited_is_said_to_be(project, asked, name):
    (project.root / name).write_text("edited\n")
    found = asked(name, code=4)
    assert found["comparison"]["state"] == "changed"
    assert found["comparison"]["found"] != found["comparison"]["promised"]


def test_an_output_that_is_not_here_has_a_lineage_still(project, asked):
    shutil.rmtree(project.root / "plots")
    assert asked("plots/comparison/ranks.png")["comparison"]["state"] == "missing"


def test_with_the_list_of_files_at_hand_a_file_answers_for_itself(project, asked):
    write_image(discs(2)[0], project.root / "data/raw/images/b.tiff")
    content = (project.root / "dvc.lock").read_text()
    before, after = asked("data/raw/images/a.tiff", code=4)["comparison"]["promised"], project.push("data/raw")
    (project.root / "dvc.lock").write_text(content.replace(before, after))
    project.commit("Another image")
    listing = project.remote / "files/md5" / after[:2] / after[2:]
    cached = project.root / ".dvc/cache/files/md5" / after[:2] / after[2:]
    cached.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(listing, cached)
    (project.root / "data/raw/images/b.tiff").write_bytes(b"edited")
    assert asked("data/raw/images/a.tiff")["comparison"]["state"] == "unchanged"
    assert asked("data/raw/images/b.tiff", code=4)["comparison"]["state"] == "changed"
    cached.write_bytes(b"[]")
    assert asked("data/raw/images/a.tiff", code=4)["comparison"]["promised"] == after


def test_a_label_image_leads_to_the_release_that_made_it(project, asked, tmp_path, cellarena):
    path = segmented(project, cellarena, tmp_path)
    found = asked(str(path))
    assert (found["kind"], found["labels_unchanged"], found["release"]["version"]) == ("prediction", True, "v1.0.0")
    assert found["origin"]["image_sha256"] == file_sha256(tmp_path / "images/a.tiff")
    assert found["training"]["stage"] == f"train@{RUN}"


def test_an_edited_label_image_is_said_to_be(project, asked, tmp_path, cellarena):
    path = segmented(project, cellarena, tmp_path)
    write_labels(np.maximum(read_image(path), 1), path, read_origin(path).describe())
    assert asked(str(path), code=4)["labels_unchanged"] is False
    assert "its labels were changed since" in cellarena(project.root, "lineage", str(path)).err


@pytest.mark.parametrize(
    ("change", "code", "said"),
    [
        ({"version": "v7.0.0"}, 2, "says that unet@v7.0.0 made it, but"),
        ({"commit": "0" * 40}, 4, "here it is of"),
        ({"md5": "0" * 32 + ".dir"}, 4, "here it is of"),
    ],
)
def test_a_claim_that_the_repository_denies_is_refused(project, tmp_path, cellarena, change, code, said):
    path = segmented(project, cellarena, tmp_path)
    origin = read_origin(path)
    claim = origin.model_copy(update={"release": origin.release.model_copy(update=change)})
    write_labels(read_image(path), path, claim.describe())
    outcome = cellarena(project.root, "lineage", str(path))
    assert (outcome.code, outcome.err.count("\n"), outcome.out) == (code, 1, "")
    assert said in outcome.err


def test_other_weights_than_those_of_the_release_are_refused(project, tmp_path, cellarena):
    path = segmented(project, cellarena, tmp_path)
    claim = read_origin(path).model_copy(update={"weights": {}})
    write_labels(read_image(path), path, claim.describe())
    outcome = cellarena(project.root, "lineage", str(path))
    assert outcome.code == 4
    assert "other weights made it" in outcome.err


def test_a_label_image_of_a_run_leads_to_its_stage(project, asked, tmp_path):
    labels = discs(1)[1]
    write_labels(labels, tmp_path / "copy.tiff", origin_of(project, labels).describe())
    found = asked(str(tmp_path / "copy.tiff"))
    assert (found["stages"][0]["name"], found["comparison"], found["release"]) == (f"predict@{RUN}", None, None)
    assert found["training"]["stage"] == f"train@{RUN}"


def test_a_label_image_where_its_stage_wrote_it_is_compared(project, asked):
    labels = discs(1)[1]
    path = project.root / f"data/predictions/{RUN}/a.tiff"
    write_labels(labels, path, origin_of(project, labels).describe())
    assert asked(f"data/predictions/{RUN}/a.tiff", code=4)["comparison"]["state"] == "changed"


def test_weights_that_are_no_longer_there_are_told(project, tmp_path, cellarena):
    labels = discs(1)[1]
    claim = origin_of(project, labels, weights={f"{RUN}/model.json": "0" * 64})
    write_labels(labels, tmp_path / "copy.tiff", claim.describe())
    outcome = cellarena(project.root, "lineage", str(tmp_path / "copy.tiff"))
    assert outcome.code == 4
    assert "is another" in outcome.err


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("../foreign.tiff", "has no origin"),
        ("README.md", "no stage of dvc.lock made it"),
        ("data", "holds the outputs of"),
        ("nosuch@v1.0.0", "nosuch"),
        ("unet@1", "no version"),
        ("/nowhere/x.png", "has no origin"),
        ("../run.tiff", "says that the run sac-real-9 made it"),
    ],
)
def test_what_has_no_lineage_is_said_in_one_line(project, tmp_path, cellarena, what, said):
    labels = discs(1)[1]
    write_image(labels, tmp_path / "foreign.tiff")
    write_labels(labels, tmp_path / "run.tiff", origin_of(project, labels, run="sac-real-9", weights={}).describe())
    outcome = cellarena(project.root, "lineage", what)
    assert (outcome.code, outcome.err.count("\n"), outcome.out) == (2, 1, "")
    assert said in outcome.err


def test_people_get_tables_and_nothing_that_a_terminal_obeys(project, tmp_path, cellarena):
    labels = discs(1)[1]
    claim = origin_of(project, labels, image="[red]a\u202eb.png", software="[bold]x")
    write_labels(labels, tmp_path / "copy.tiff", claim.describe())
    printed = cellarena(project.root, "lineage", str(tmp_path / "copy.tiff")).out
    assert "[red]a\N{REPLACEMENT CHARACTER}b.png" in printed
    assert "[bold]x" in printed
    release = cellarena(project.root, "lineage", "unet#prod").out
    for words in ("unet@v1.0.0 #prod", "F1 0.800 [0.700, 0.900] on 5 of 5", "CC0-1.0", "pretrained net.safetensors"):
        assert words in release


def test_a_dvc_lock_that_cannot_be_read_is_one_line(project, cellarena):
    for content in ("stages: [1]\n", "stages: {a: 7}\n", "stages: {a: {deps: {}}}\n", "stages: {a: {outs: [x]}}\n"):
        (project.root / "dvc.lock").write_text(content)
        project.commit()
        outcome = cellarena(project.root, "lineage", "plots/comparison/ranks.png")
        assert (outcome.code, outcome.err.count("\n")) == (2, 1), content
        assert "dvc.lock" in outcome.err


def test_a_package_of_a_commit_is_traced_by_that_commit(project, asked):
    write_release(project.root / "data/packages/unet", normalisation={"low": 0, "high": 100})
    content = (project.root / "dvc.lock").read_text()
    first = asked("unet@v1.0.0")["stages"][0]["outs"][0]["md5"]
    (project.root / "dvc.lock").write_text(content.replace(first, project.push("data/packages/unet")))
    project.commit("Another")
    project.tag("unet@v1.1.0")
    assert asked("unet@v1.0.0")["stages"][0]["outs"][0]["md5"] == first
    assert asked("unet")["stages"][0]["outs"][0]["md5"] != first
