"""A checkpoint of somebody else's in a small git and DVC repository."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
import yaml
from dvc.repo import Repo

from cellarena.learning.checkpoints import build_network, load_model
from cellarena.params.mirror import load_params
from cellarena.registry.artifacts import artifact_at
from cellarena.registry.outputs import outputs_at
from cellarena.registry.repository import open_repository

ROOT = Path(__file__).parent.parent.parent
SMALL = {"width": 8, "levels": 2, "residual_units": 0}
TERMS = ("--licence", "cc-by-4.0", "--source", "https://example.org/a")


def git(folder, *arguments):
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A clone in which no pipeline ran."""
    for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "machine"))
    folder = tmp_path / "project"
    folder.mkdir()
    for name in (".gitignore", "params.yaml"):
        shutil.copy(ROOT / name, folder / name)
    (folder / ".dvc").mkdir()
    shutil.copy(ROOT / ".dvc" / ".gitignore", folder / ".dvc" / ".gitignore")
    (folder / ".dvc" / "config").write_text("[core]\n    analytics = false\n")
    (folder / "dvc.yaml").write_text("# artifacts alone\nartifacts:\n  raw:\n    path: data/raw\n    type: dataset\n")
    git(folder, "init", "-q", "-b", "main")
    for key, value in (("user.name", "An Importer"), ("user.email", "i@example.org")):
        git(folder, "config", key, value)
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "Start")
    (folder / "small.yaml").write_text(yaml.safe_dump(SMALL))
    return folder


def weights(prefix="module."):
    params = load_params(ROOT / "params.yaml")
    chosen = params.models.unet.model_copy(update=SMALL)
    torch.manual_seed(0)
    return {
        prefix + name: tensor
        for name, tensor in build_network("unet", chosen, params.targets.three_class).state_dict().items()
    }


def imported(cellarena, project, content=None, **changes):
    torch.save(weights() if content is None else content, project / "their.pth")
    words = {"--model": "unet", "--name": "their-unet", "--hyperparameters": "small.yaml"} | changes
    return cellarena(project, "import-checkpoint", "their.pth", *(w for pair in words.items() for w in pair), *TERMS)


def test_a_foreign_checkpoint_becomes_an_artifact(cellarena, project):
    before = (project / "dvc.yaml").read_text()
    done = imported(cellarena, project)
    assert done.code == 0, done.err
    assert "names of weights lost their prefix 'module.'" in done.out
    assert "there is no validation subset yet" in done.out
    git(project, "add", "dvc.yaml", "data/imported/their-unet.dvc")
    git(project, "commit", "-qm", "Imported")
    assert (project / "dvc.yaml").read_text().startswith(before)
    repository = open_repository(str(project), project)
    commit = repository.commit("HEAD")
    artifact = artifact_at(repository, commit, "their-unet")
    (output,) = outputs_at(repository, commit)
    assert (artifact.path, artifact.type) == (output.path, "model") == ("data/imported/their-unet", "model")
    assert output.is_cached
    assert output.is_folder


def test_dvc_finds_it_again_to_push_and_to_pull_it(cellarena, project):
    assert imported(cellarena, project).code == 0
    with Repo(str(project)) as repo:
        assert [str(out) for out in repo.index.outs] == ["data/imported/their-unet"]


def test_its_card_says_whence_it_is(cellarena, project):
    assert imported(cellarena, project).code == 0
    checkpoint = project / "data/imported/their-unet/checkpoints/their_unet-imported-0"
    model = load_model(checkpoint, "cpu")
    expected = weights("")
    assert all(torch.equal(tensor, expected[name]) for name, tensor in model.network.state_dict().items())
    assert model.card["origin"] == {
        "file": "their.pth",
        "sha256": hashlib.sha256((project / "their.pth").read_bytes()).hexdigest(),
        "source": "https://example.org/a",
        "licence": "CC-BY-4.0",
        "converted_by": "An Importer <i@example.org>",
        "torch": torch.__version__,
        "prefix": "module.",
        "key": "",
        "cast": "",
    }
    assert json.loads((checkpoint / "model.json").read_text())["hyperparameters"]["width"] == 8


def test_nothing_of_git_is_dirty_but_what_is_to_be_committed(cellarena, project):
    assert imported(cellarena, project).code == 0
    status = git(project, "status", "--porcelain", "--untracked-files=all").splitlines()
    assert sorted(status) == [" M dvc.yaml", "?? data/imported/their-unet.dvc", "?? small.yaml", "?? their.pth"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"--name": "raw"}, "declares an artifact raw already"),
        ({"--name": "My Net"}, "cannot name an artifact"),
        ({"--name": "../../x"}, "cannot name an artifact"),
        ({"--model": "resnet"}, "unknown model 'resnet'; known: "),
        ({"--model": "nnunet"}, "small.yaml: levels: Extra inputs are not permitted"),
        ({"--model": "sac"}, "small.yaml: levels: Extra inputs are not permitted"),
        ({"--hyperparameters": "params.yaml"}, "params.yaml: "),
        ({"--hyperparameters": "none.yaml"}, "none.yaml: no such file of hyperparameters"),
        ({"--hyperparameters": "their.pth"}, "their.pth: not valid YAML"),
    ],
)
def test_what_is_wrong_is_one_line_and_leaves_nothing(cellarena, project, changes, words):
    done = imported(cellarena, project, **changes)
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1
    assert not list((project / "data").glob("imported/*"))
    assert git(project, "diff", "--name-only") == ""


def test_a_name_is_taken_once(cellarena, project):
    assert imported(cellarena, project).code == 0
    again = imported(cellarena, project)
    assert again.code == 2
    assert "declares an artifact their-unet already" in again.err
    git(project, "checkout", "-q", "dvc.yaml")
    assert "is there already" in imported(cellarena, project).err


def test_a_licence_is_one_of_spdx(cellarena, project):
    (project / "their.pth").write_bytes(b"")
    done = cellarena(project, "import-checkpoint", "their.pth", "--model", "unet", "--name", "their-unet",
                     "--source", "x", "--licence", "free for all")  # fmt: skip
    assert done.code == 2
    assert "is no SPDX expression" in done.err
    missing = cellarena(project, "import-checkpoint", "their.pth", "--model", "unet", "--name", "a-b", "--source", "x")
    assert missing.code == 2
    assert "--licence" in missing.err


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_a_hostile_file_is_a_security_refusal(cellarena, project):
    done = imported(cellarena, project, {"state_dict": weights(), "x": Canary(project / "canary")})
    assert done.code == 5
    assert "their.pth: refused; it asks for " in done.err
    assert done.err.count("\n") == 1
    assert not (project / "canary").exists()
    assert not list((project / "data").glob("imported/*"))


def test_which_weights_are_taken_and_how_is_said(cellarena, project):
    halved = {name: tensor.half() for name, tensor in weights("").items()}
    content = {"state_dict": weights(), "model_ema": halved}
    asked = imported(cellarena, project, content)
    assert asked.code == 2
    assert "holds weights that fit under state_dict, model_ema; choose by --key which are meant" in asked.err
    done = imported(cellarena, project, content, **{"--key": "model_ema"})
    assert done.code == 0, done.err
    assert "its weights lie under model_ema" in done.out
    assert f"their types are the network's now: {len(halved)} tensors from F16" in done.out
