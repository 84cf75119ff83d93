"""Synthetic images with their donors, and the arms that refuse those that leak."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import yaml

from cellarena.cli import cli
from cellarena.images.io import content_sha256, read_image, write_png
from cellarena.records import read_manifest, write_manifest
from cellarena.synthesis.arms import rounded
from workspace import ROOT, Workspace

ARMS = {
    "real": {"label": "R", "real": 1},
    "mixed": {"label": "R+S", "real": 1, "synthetic": 0.5, "generator": "texture"},
    "synthetic": {"label": "S", "synthetic": 0.5, "generator": "texture"},
    "low": {"label": "R50+S", "real": 0.5, "synthetic": 0.5, "generator": "texture_half"},
    "greedy": {"label": "R50+S", "real": 0.5, "synthetic": 0.5, "generator": "texture"},
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A project of sixteen simulated images with two fitted generators and their images."""
    root = tmp_path_factory.mktemp("made")
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    workspace = Workspace(root)
    sources = {"texture": {"kind": "texture", "share": 1}, "texture_half": {"kind": "texture", "share": 0.5}}
    workspace.set_params(
        **{
            "acquire.simulated.images": 16,
            "split.val": 0.2,
            "synthesize.generators": sources,
            "arms": ARMS,
            "study.arms": [name for name, arm in ARMS.items() if arm.get("generator")],
            "study.models": ["unet"],
        }
    )
    fitting = [[stage, name] for name in sources for stage in ("fit-generator", "synthesize")]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for command in (["acquire"], ["preprocess"], ["split"], *fitting):
            cli.main(command, standalone_mode=False)
    return root


@pytest.fixture
def root(made, tmp_path):
    return shutil.copytree(made, tmp_path / "project")


def folder(root, name="texture"):
    return root / "data/synthetic" / name


def donors(root, name="texture"):
    return pd.read_csv(folder(root, name) / "donors.csv", dtype=str)


def plant(root, **values):
    """Change the first row of donors.csv."""
    table = donors(root)
    table.loc[0, list(values)] = list(values.values())
    table.to_csv(folder(root) / "donors.csv", index=False)
    return table.loc[0, "record"]


def compose(cellarena, root, arm):
    """Let the arm be the study's only one, and compose it."""
    Workspace(root).set_params(**{"study.arms": [arm]})
    return cellarena(root, "arms")


def subset(root, name):
    return read_manifest(root / f"data/splits/{name}.csv")


def set_card(root, **values):
    path = root / "data/generators/texture/model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_half_as_many_images_as_train_has_with_files_hashes_and_donors(root):
    train = subset(root, "train")
    records = read_manifest(folder(root) / "manifest.csv")
    assert len(records) == rounded(len(train) / 2)
    assert [r.id for r in records] == [f"synthetic-{i:04d}" for i in range(1, len(records) + 1)]
    sha256 = {r.id: r.sha256 for r in train}
    table = donors(root)
    assert (table["donor_sha256"] == table["donor"].map(sha256)).all()
    for record in records:
        image, labels = read_image(folder(root) / record.image), read_image(folder(root) / record.labels)
        assert image.shape == (record.height, record.width, 3) == (*labels.shape, 3)
        assert (content_sha256(image), content_sha256(labels)) == (record.sha256, record.labels_sha256)
        assert record.n_objects == len(np.unique(labels[labels > 0])) > 0
        assert (record.source, record.licence, record.subset) == ("synthetic: texture", train[0].licence, "")
        assert set(table.loc[table["record"] == record.id, "role"]) == {"shape", "texture"}


def test_a_generator_of_half_the_images_shows_no_others(root, cellarena):
    assert compose(cellarena, root, "low").code == 0
    taken = {r.id for r in read_manifest(root / "data/study/arms/low.csv")}
    known = {r.id for r in subset(root, "train")} & taken
    assert set(donors(root, "texture_half")["donor"]) <= known
    assert 0 < len(known) < len(subset(root, "train"))


def test_an_arm_refers_to_files_under_data(root, cellarena):
    assert compose(cellarena, root, "mixed").code == 0
    records = read_manifest(root / "data/study/arms/mixed.csv")
    assert len(records) == rounded(1.5 * len(subset(root, "train")))
    assert all((root / "data" / path).is_file() for r in records for path in (r.image, r.labels))


def test_again_gives_the_same_bytes(root, cellarena):
    before = Workspace(root).hashes("data/synthetic/texture")
    assert cellarena(root, "synthesize", "texture").code == 0
    assert Workspace(root).hashes("data/synthetic/texture") == before


@pytest.mark.parametrize("where", ["val", "test"])
def test_a_planted_donor_is_refused_with_its_chain(root, cellarena, where):
    judged = subset(root, where)[0]
    record = plant(root, donor=judged.id, donor_sha256=judged.sha256)
    outcome = compose(cellarena, root, "mixed")
    assert outcome.code == 2
    assert f"texture <- {record} <- {judged.id} ({where})" in outcome.err
    assert not (root / "data/study/arms/mixed.csv").exists()


def test_a_planted_training_image_of_the_generator_is_refused_with_its_chain(root, cellarena):
    judged = subset(root, "test")[0]
    card = json.loads((root / "data/generators/texture/model.json").read_text())
    set_card(root, trained_on=[*card["trained_on"], {"id": judged.id, "sha256": judged.sha256}])
    outcome = compose(cellarena, root, "synthetic")
    assert outcome.code == 2
    assert f"texture <- {judged.id} (test)" in outcome.err


def test_a_planted_copy_of_a_judged_image_is_refused_with_its_chain(root, cellarena):
    judged = subset(root, "val")[0]
    pixels = read_image(root / "data/preprocessed" / judged.image) // 2 + 20
    records = read_manifest(folder(root) / "manifest.csv")
    records[0] = replace(records[0], sha256=content_sha256(pixels))
    write_png(pixels, folder(root) / records[0].image)
    write_manifest(records, folder(root) / "manifest.csv")
    outcome = compose(cellarena, root, "synthetic")
    assert outcome.code == 2
    assert f"texture <- {records[0].id} ~ {judged.id} (val, near-duplicate)" in outcome.err


def test_donors_that_are_unknown_are_refused(root, cellarena):
    table = donors(root)
    table[table["record"] != "synthetic-0001"].to_csv(folder(root) / "donors.csv", index=False)
    outcome = compose(cellarena, root, "synthetic")
    assert outcome.code == 2
    assert "texture <- synthetic-0001 <- (donors unknown)" in outcome.err


def test_a_changed_file_is_refused_by_name(root, cellarena):
    path = folder(root) / read_manifest(folder(root) / "manifest.csv")[0].image
    pixels = read_image(path).copy()
    pixels[0, 0] ^= 1
    write_png(pixels, path)
    outcome = compose(cellarena, root, "synthetic")
    assert outcome.code == 2
    assert f"{path.relative_to(root)}: its pixels are not those that the manifest names" in outcome.err


def test_an_arm_of_few_real_images_refuses_a_generator_that_knows_more(root, cellarena):
    outcome = compose(cellarena, root, "greedy")
    assert outcome.code == 2
    assert "but not among the arm's real images" in outcome.err


def test_a_generator_fitted_to_other_images_is_refused_and_nothing_is_lost(root, cellarena):
    card = json.loads((root / "data/generators/texture/model.json").read_text())
    set_card(root, trained_on=card["trained_on"][1:])
    before = Workspace(root).hashes("data/synthetic")
    outcome = cellarena(root, "synthesize", "texture")
    assert outcome.code == 2
    assert "dvc repro fit-generator@texture" in outcome.err
    assert Workspace(root).hashes("data/synthetic") == before


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("model.json", b"{", "model.json"),
        ("model.json", b'{"format": 1}', "model.json"),
        ("model.json", b'{"format": 1, "trained_on": [{"id": 1, "sha256": 2}]}', "no list of ids and sha256"),
        ("model.safetensors", b"torn", "model.safetensors"),
    ],
)
def test_a_broken_generator_is_one_line_that_names_the_file(root, cellarena, name, content, said):
    (root / "data/generators/texture" / name).write_bytes(content)
    outcome = cellarena(root, "synthesize", "texture")
    assert outcome.code == 2
    assert said in outcome.err
    assert len(outcome.err.splitlines()) == 1 + ("painting" in outcome.err)


@pytest.mark.parametrize("content", ["", "record,role\n", "record,role,donor,donor_sha256\na,parent,b,c\n"])
def test_a_broken_table_of_donors_is_one_line_that_names_the_file(root, cellarena, content):
    (folder(root) / "donors.csv").write_text(content)
    outcome = compose(cellarena, root, "mixed")
    assert outcome.code == 2
    assert "data/synthetic/texture/donors.csv: damaged or edited" in outcome.err


def test_missing_parts_are_named(root, cellarena):
    (folder(root) / "donors.csv").unlink()
    assert "donors.csv: no such table of donors" in compose(cellarena, root, "mixed").err
    shutil.rmtree(root / "data/generators/texture")
    assert cellarena(root, "synthesize", "texture").code == 2
    assert "arms lacks nope" in compose(cellarena, root, "nope").err


def test_without_a_study_generators_and_arms_are_left_out_and_it_is_said(root, cellarena):
    Workspace(root).set_params(**{"study.models": []})
    left_out = "texture: left out, no arm of the study asks for it\n"
    assert cellarena(root, "synthesize", "texture").out == left_out
    assert (folder(root) / "left_out.txt").read_text() == left_out
    assert cellarena(root, "arms").out.startswith("no study is declared")
    assert list((root / "data/study/arms").iterdir()) == []


def test_the_params_of_the_project_name_the_generator():
    content = yaml.safe_load((ROOT / "params.yaml").read_text())
    assert content["synthesize"]["generators"]["texture"] == {"kind": "texture", "share": 1}
