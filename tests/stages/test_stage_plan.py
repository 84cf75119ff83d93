"""The plan follows from the train subset and the memory budget, and from nothing else."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest

from cellarena.images.io import write_labels, write_png
from cellarena.layout import Layout
from cellarena.models.planning.nnunet_plan import Planning, plan
from cellarena.models.planning.plans import read_plan, write_sorted_json
from cellarena.records import Record, read_manifest, write_manifest
from workspace import ROOT, Workspace

RECORD = {
    "modality": "dic", "group": "", "subset": "", "channels": 3, "dtype": "uint8", "n_objects": 1,
    "labels_sha256": "", "source": "test", "licence": "CC0-1.0",
}  # fmt: skip


@pytest.fixture
def project(tmp_path):
    """Ten prepared images in the train subset, 64 x 96, and no other subset."""
    shutil.copy(ROOT / "params.yaml", tmp_path / "params.yaml")
    prepare(tmp_path, (64, 96), 10)
    workspace = Workspace(tmp_path)
    workspace.set_params(
        **{
            "benchmark.models": ["nnunet"],
            "benchmark.ensembles": [],
            "plan.memory_gb": 0.1,
            "registry.champion": "nnunet",
            "study.models": ["nnunet"],
        }
    )
    return workspace


def prepare(root, shape, n_images):
    """Write prepared images of a shape with one object each, and the manifest of a train subset that holds them."""
    layout = Layout(root)
    for folder in ("images", "labels"):
        (layout.preprocessed / folder).mkdir(parents=True, exist_ok=True)
    layout.splits.mkdir(exist_ok=True)
    records = []
    for index in range(n_images):
        name = f"i{index}"
        pixels = np.random.default_rng(index).integers(1, 256, (*shape, 3), np.uint8)
        labels = np.zeros(shape, np.uint16)
        labels[2:6, 2:6] = 1
        paths = {"image": f"images/{name}.png", "labels": f"labels/{name}.tiff"}
        write_png(pixels, layout.preprocessed / paths["image"])
        write_labels(labels, layout.preprocessed / paths["labels"])
        records.append(Record(id=name, sha256=name, height=shape[0], width=shape[1], **paths, **RECORD))
    write_manifest(records, layout.subset("train"))


def plan_files(project):
    return project.hashes("data/plans")


def test_the_plan_is_that_of_the_planner(project, cellarena):
    outcome = cellarena(project.root, "plan")
    assert outcome.code == 0
    assert sorted(plan_files(project)) == ["data/plans/fingerprint.json", "data/plans/nnunet/plan.json"]
    layout = Layout(project.root)
    made = plan([(64, 96)] * 10, 3, 3, Planning(memory_gb=0.1, features=16))
    assert read_plan(layout.plan("nnunet")) == made
    found = json.loads(layout.fingerprint.read_text())
    assert (found["n_images"], found["shapes"], len(found["intensities"])) == (10, [[64, 96]] * 10, 3)
    assert "10 training images, median 64x96 px; memory 0.1 GB" in outcome.out
    assert f"patch {made.patch[0]}x{made.patch[1]}, batch {made.batch}, z_score" in outcome.out


def test_a_model_that_does_not_configure_itself_has_an_empty_plan_of_its_own(project, cellarena):
    project.set_params(**{"benchmark.models": ["nnunet", "unet"]})
    assert cellarena(project.root, "plan").code == 0
    layout = Layout(project.root)
    assert json.loads(layout.plan("unet").read_text()) == {}
    project.set_params(**{"benchmark.models": ["unet"], "registry.champion": "unet", "study.models": ["unet"]})
    assert cellarena(project.root, "plan").code == 0
    assert sorted(plan_files(project)) == ["data/plans/unet/plan.json"]


def test_the_memory_decides(project, cellarena):
    sizes = []
    for memory_gb in (0.1, 0.01):
        project.set_params(**{"plan.memory_gb": memory_gb})
        assert cellarena(project.root, "plan").code == 0
        sizes.append(read_plan(Layout(project.root).plan("nnunet")).patch)
    assert sizes[0] == (64, 96)
    assert sizes[1][0] * sizes[1][1] < 64 * 96


def test_only_the_train_subset_is_read(project, cellarena):
    assert cellarena(project.root, "plan").code == 0
    before = plan_files(project)
    layout = Layout(project.root)
    records = read_manifest(layout.subset("train"))
    for name in ("val", "test"):
        write_manifest([replace(records[0], id=name, image="nowhere.png", height=999)], layout.subset(name))
    assert cellarena(project.root, "plan").code == 0
    assert plan_files(project) == before
    write_manifest(records[:9], layout.subset("train"))
    assert cellarena(project.root, "plan").code == 0
    assert plan_files(project) != before


def test_black_frames_are_cropped_before_planning(project, cellarena):
    layout = Layout(project.root)
    for record in read_manifest(layout.subset("train")):
        pixels = np.zeros((64, 96, 3), np.uint8)
        pixels[:32, :48] = 9
        write_png(pixels, layout.preprocessed / record.image)
    assert cellarena(project.root, "plan").code == 0
    made = read_plan(layout.plan("nnunet"))
    assert (made.patch, made.normalisation) == ((32, 48), ("z_score_nonzero",) * 3)


def test_an_empty_train_subset_is_one_line(project, cellarena):
    write_manifest([], Layout(project.root).subset("train"))
    outcome = cellarena(project.root, "plan")
    assert outcome.code == 2
    assert outcome.err == ("cellarena: data/splits/train.csv: no images to plan for; lower split.val or split.test\n")
    assert not (project.root / "data/plans").exists()


def test_images_too_small_are_one_line_and_leave_the_plan_that_was(project, cellarena):
    assert cellarena(project.root, "plan").code == 0
    before = plan_files(project)
    prepare(project.root, (14, 14), 10)
    outcome = cellarena(project.root, "plan")
    assert outcome.code == 2
    assert "images of 14x14 px (median) and 0.1 GB leave a patch" in outcome.err
    assert "too small for 3 stages" in outcome.err
    assert plan_files(project) == before
    assert not (project.root / "data/plans.partial").exists()


def test_nothing_split_is_said_in_one_line(project, cellarena):
    shutil.rmtree(project.root / "data/splits")
    outcome = cellarena(project.root, "plan")
    assert outcome.code == 2
    assert outcome.err.startswith("cellarena: data/splits/train.csv: ")
    assert "dvc repro" in outcome.err


def test_a_budget_of_nothing_is_refused(project, cellarena):
    project.set_params(**{"plan.memory_gb": 0})
    outcome = cellarena(project.root, "plan")
    assert (outcome.code, outcome.err) == (2, "cellarena: plan.memory_gb: Input should be greater than 0\n")


def test_a_plan_in_params_is_refused(project, cellarena):
    made = plan([(64, 64)] * 10, 3, 3, Planning(memory_gb=0.1, features=16)).model_dump(mode="json")
    project.set_params(**{"models.nnunet.plan": made})
    outcome = cellarena(project.root, "grid")
    assert outcome.code == 2
    assert outcome.err == (
        "cellarena: params.yaml: models.nnunet.plan is made by the stage plan; "
        "remove it here and run `dvc repro plan`\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "content: Invalid JSON"),
        ("{}", "patch: Field required"),
        (None, "content: patch (60, 96) is no multiple of what the strides need"),
    ],
)
def test_a_damaged_plan_is_one_line(tmp_path, content, complaint):
    edited = {
        **plan([(64, 96)] * 10, 3, 3, Planning(memory_gb=0.1, features=16)).model_dump(mode="json"),
        "patch": [60, 96],
    }
    path = tmp_path / "plan.json"
    path.write_text(json.dumps(edited) if content is None else content)
    with pytest.raises(ValueError, match="not a plan") as error:
        read_plan(path)
    assert str(error.value).startswith(f"{path}: not a plan ({complaint}")
    assert str(error.value).endswith("run `dvc repro plan` or `dvc checkout`")
    assert "\n" not in str(error.value)


def test_no_plan_is_one_line(tmp_path):
    with pytest.raises(FileNotFoundError, match="no such plan; run `dvc repro plan`"):
        read_plan(tmp_path / "plan.json")


def test_json_is_sorted_and_rounded(tmp_path):
    write_sorted_json({"b": 1 / 3, "a": [{"d": 2.0, "c": (1, 0.1 + 0.2)}]}, tmp_path / "some.json")
    text = (tmp_path / "some.json").read_text()
    assert json.loads(text) == {"a": [{"c": [1, 0.3], "d": 2.0}], "b": 0.333333}
    assert text.index('"a"') < text.index('"c"') < text.index('"d"') < text.index('"b"')
    assert text.endswith("}\n")
