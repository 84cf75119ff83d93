"""A generator is fitted to the train subset alone, shown while it learns, and stored so that it can be trusted."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image

from cellarena.images.io import read_image, write_labels, write_png
from cellarena.layout import Layout
from cellarena.records import Record, read_manifest, write_manifest
from cellarena.stages import _watching
from cellarena.synthesis.stored_generators import read_generator
from small_generators import SMALL, disks, small_examples
from workspace import ROOT, Workspace

RECORD = {
    "group": "", "subset": "", "channels": 3, "dtype": "uint8", "n_objects": 1, "labels_sha256": "", "source": "test",
    "licence": "CC0-1.0",
}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    """Five prepared images in the train subset, a small pix2pix that knows them all, and one that knows two."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    layout, records = Layout(tmp_path), []
    for e in small_examples():
        image, labels = f"images/{e.id}.png", f"labels/{e.id}.tiff"
        (layout.preprocessed / "images").mkdir(parents=True, exist_ok=True)
        write_png(e.image, layout.preprocessed / image)
        write_labels(e.labels, layout.preprocessed / labels)
        height, width = e.labels.shape
        records.append(
            Record(e.id, image, labels, e.modality, height=height, width=width, sha256=f"of {e.id}", **RECORD)
        )
    layout.splits.mkdir()
    write_manifest(records, layout.subset("train"))
    workspace = Workspace(tmp_path)
    networks = {f"generators.pix2pix.{key}": value for key, value in SMALL["pix2pix"].items()}
    arms = {name: {"label": name, "synthetic": 0.5, "generator": name} for name in ("all", "few")}
    study = {"arms": {"real": {"label": "R", "real": 1}, **arms}, "study.arms": ["all", "few"]}
    sources = {"all": {"kind": "pix2pix", "share": 1}, "few": {"kind": "pix2pix", "share": 0.4}}
    steps = {"budget": "smoke", "synthesize.steps.smoke": 12, "training.accelerator": "cpu"}
    workspace.set_params(**networks, **study, **steps, **{"synthesize.generators": sources})
    return workspace


def outputs(project, name="all"):
    layout = Layout(project.root)
    folders = layout.generator(name), layout.generator_plots(name)
    return {path.name: path.read_bytes() for folder in folders for path in sorted(folder.iterdir())}


def test_generator_card_samples_and_losses_are_written(project, cellarena):
    outcome = cellarena(project.root, "fit-generator", "all")
    assert outcome.code == 0, outcome.err
    layout, found = Layout(project.root), outputs(project)
    assert sorted(found) == ["losses.csv", "losses.png", "model.json", "model.safetensors", "samples.png"]
    card = json.loads(found["model.json"])
    assert card["trained_on"] == [{"id": f"e{n}", "sha256": f"of e{n}"} for n in range(5)]
    assert (card["kind"], card["steps"], card["seed"]) == ("pix2pix", 12, 0)
    lines = found["losses.csv"].decode().splitlines()
    assert lines[0].split(",")[0] == "step"
    assert [int(line.split(",")[0]) for line in lines[1:]] == list(range(1, 13))
    painter, _ = read_generator(layout.generator("all"), "cpu")
    assert painter.paint(disks((40, 40), 0), "H&E", np.random.default_rng(0)).donors[0] in {"e3", "e4"}
    assert list((project.root / ".resume").rglob("*.safetensors")) == []


def test_the_sheet_shows_what_was_painted_at_four_steps(project, cellarena, monkeypatch):
    from cellarena.reporting.figures import generators

    shown, draw = [], generators.sample_sheet
    monkeypatch.setattr(generators, "sample_sheet", lambda rows, title: shown.extend(rows) or draw(rows, title))
    assert cellarena(project.root, "fit-generator", "all").code == 0
    assert [row.modality for row in shown] == ["H&E", "H&E", "fluorescence", "fluorescence", "fluorescence"]
    for row in shown:
        assert list(row.steps) == [1, 2, 4, 12]
        assert {image.shape for image in row.steps.values()} == {row.real.shape}
        assert not np.array_equal(row.steps[1], row.steps[12])
    with Image.open(Layout(project.root).generator_plots("all") / "samples.png") as sheet:
        assert sheet.width > 600


@pytest.mark.parametrize("stop", [4, 7, 11])
def test_an_interrupted_stage_ends_with_the_same_bytes(project, cellarena, monkeypatch, tmp_path, stop):
    assert cellarena(project.root, "fit-generator", "all").code == 0
    whole, layout = outputs(project), Layout(project.root)
    for folder in (layout.generator("all"), layout.generator_plots("all")):
        shutil.rmtree(folder)
    watch = _watching.Watching.__call__

    def interrupted(self, step, painter):
        watch(self, step, painter)
        if step == stop:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(_watching.Watching, "__call__", interrupted)
        assert cellarena(project.root, "fit-generator", "all").code == 130
    assert not layout.generator("all").exists()
    assert list(layout.generator_state("all", "x").parent.glob("*/samples/*/0.png"))
    assert cellarena(project.root, "fit-generator", "all").code == 0
    assert outputs(project) == whole


def test_a_fit_uses_the_threads_that_the_parameters_ask_for(project, cellarena, monkeypatch):
    project.set_params(**{"training.threads": 3})
    used, watch = set(), _watching.Watching.__call__

    def noting(self, step, painter):
        used.add(torch.get_num_threads())
        watch(self, step, painter)

    monkeypatch.setattr(_watching.Watching, "__call__", noting)
    before = torch.get_num_threads()
    assert cellarena(project.root, "fit-generator", "few").code == 0
    assert used == {3}
    assert torch.get_num_threads() == before
    assert json.loads(outputs(project, "few")["model.json"])["threads"] == 3


def test_a_generator_knows_its_share_of_the_train_subset_and_no_more(project, cellarena):
    layout = Layout(project.root)
    assert cellarena(project.root, "fit-generator", "few").code == 0
    known = {entry["id"] for entry in json.loads(outputs(project, "few")["model.json"])["trained_on"]}
    assert len(known) == 2
    for record in read_manifest(layout.subset("train")):
        if record.id not in known:
            write_png(255 - read_image(layout.preprocessed / record.image), layout.preprocessed / record.image)
    before = outputs(project, "few")
    assert cellarena(project.root, "fit-generator", "few").code == 0
    assert outputs(project, "few") == before


def edit(path, **changed):
    path.write_text(json.dumps({**json.loads(path.read_text()), **changed}))


@pytest.fixture
def stored(project, cellarena):
    assert cellarena(project.root, "fit-generator", "few").code == 0
    return Layout(project.root).generator("few")


def test_a_broken_generator_is_refused_in_one_line(stored):
    card, weights = stored / "model.json", stored / "model.safetensors"
    kept = {path: path.read_bytes() for path in (card, weights)}
    content = json.loads(card.read_text())
    without_facts = json.dumps({key: value for key, value in content.items() if key != "facts"})
    breaks = {
        r"model\.json: not a model card": lambda: card.write_bytes(b"{"),
        "it lacks 'facts'": lambda: card.write_text(without_facts),
        "unknown generator 'nothing'": lambda: edit(card, kind="nothing"),
        "not a model card.*width": lambda: edit(card, settings={"width": "wide"}),
        r"model\.safetensors: does not fit model\.json": lambda: edit(
            card, facts={**content["facts"], "donors": ["x"]}
        ),
        "does not fit model.json .'modalities'": lambda: edit(card, facts={"donors": ["x"]}),
        "not a valid safetensors": lambda: weights.write_bytes(kept[weights][:100]),
        "does not fit.*tensors differ": lambda: edit(card, settings={**content["settings"], "width": 8}),
    }
    for message, damage in breaks.items():
        damage()
        with pytest.raises(ValueError, match=message) as fault:
            read_generator(stored, "cpu")
        assert "\n" not in str(fault.value)
        for path, intact in kept.items():
            path.write_bytes(intact)
    read_generator(stored, "cpu")


def test_weights_that_are_no_numbers_or_missing_are_refused(stored):
    from safetensors.torch import load_file, save_file

    path = stored / "model.safetensors"
    weights = load_file(path)
    weights["generator.last.bias"][0] = float("nan")
    save_file(weights, path)
    with pytest.raises(ValueError, match=r"model\.safetensors: generator\.last\.bias holds values that are not finite"):
        read_generator(stored, "cpu")
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"model\.safetensors: no such generator"):
        read_generator(stored, "cpu")


def test_an_unknown_generator_and_bad_training_images_are_bad_input(project, cellarena):
    outcome = cellarena(project.root, "fit-generator", "gan")
    assert (outcome.code, outcome.err) == (2, "cellarena: synthesize.generators.gan: missing in params.yaml\n")
    layout = Layout(project.root)
    write_png(np.zeros((5, 5), np.uint8), layout.preprocessed / "images/e0.png")
    outcome = cellarena(project.root, "fit-generator", "all")
    assert outcome.code == 2
    assert "images/e0.png: uint8 (5, 5) with labels (40, 52), expected 8-bit RGB" in outcome.err
    assert not layout.generator("all").exists()


def test_a_train_subset_that_leaves_nothing_to_know_is_bad_input(project, cellarena):
    layout = Layout(project.root)
    write_manifest(read_manifest(layout.subset("train"))[:1], layout.subset("train"))
    outcome = cellarena(project.root, "fit-generator", "few")
    assert outcome.code == 2
    assert "synthesize.generators.few.share: 0.4 of 1 training images is none" in outcome.err
