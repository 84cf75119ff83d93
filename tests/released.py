"""A git repository with a released model; no command of DVC runs, so that it is made in a second."""

import functools
import hashlib
import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import yaml

from cellarena.cards import write_card
from cellarena.images.io import write_image, write_png
from cellarena.learning.checkpoints import build_network, save_weights
from cellarena.models.unet import UNet
from cellarena.registry.packages.package import Data, Licence, Package, Score, hashes_of, write_package
from cellarena.seeds import generator
from cellarena.targets.three_class import ThreeClass

RUN = "unet-real-0"
TARGET = ThreeClass(boundary=1, seed=0.5, waist=0.6, foreground=0.5, seed_size=1, min_size=4)
NETWORK = UNet(
    optimizer="adamw", learning_rate=0.005, weight_decay=0.01, augmentation="geometric", normalisation="unit",
    foreground=0, width=8, levels=2, residual_units=0,
)  # fmt: skip
INFERENCE = {"tile": 64, "overlap": 0.25, "batch_size": 4, "precision": "32-true", "mirror": False}
PARAMS = {"predict": INFERENCE, "preprocess": {"low": 1, "high": 99}}
NORMALISATION = {"low": 1.0, "high": 99.0}


def discs(seed=0, size=64, n=6):
    """Return a grey 16-bit image of bright discs on noise, and their labels."""
    rng = generator(seed, "released discs")
    rows, columns = np.mgrid[:size, :size]
    labels = np.zeros((size, size), np.uint16)
    for label in range(1, n + 1):
        row, column = rng.integers(9, size - 9, 2)
        labels[((rows - row) ** 2 + (columns - column) ** 2 <= 36) & (labels == 0)] = label
    return np.clip(np.where(labels > 0, 9000, 2000) + rng.normal(0, 300, labels.shape), 0, 65535).astype(
        np.uint16
    ), labels


@functools.cache
def trained():
    """Return the weights of a small network that finds discs."""
    from cellarena.images.intensity import to_rgb8

    torch.manual_seed(0)
    network = build_network("unet", NETWORK, TARGET).train()
    image, labels = discs()
    pixels = torch.from_numpy(np.moveaxis(to_rgb8(image).astype(np.float32) / 255, -1, 0)[None].copy())
    classes = torch.from_numpy(TARGET.encode(labels)[None].astype(np.int64))
    optimizer = torch.optim.AdamW(network.parameters(), 0.01)
    for _ in range(60):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(pixels), classes).backward()
        optimizer.step()
    return network.state_dict()


def card(run=RUN, **changes):
    return {
        "run": run, "model": "unet", "hyperparameters": NETWORK.model_dump(mode="json"), "target": "three_class",
        "decoding": TARGET.model_dump(mode="json"), "normalisation": NORMALISATION, "inference": INFERENCE, **changes,
    }  # fmt: skip


def write_checkpoint(folder, **changes):
    save_weights(trained(), folder / "model.safetensors")
    write_card(card(**changes), folder / "model.json")


def write_release(folder, **changes):
    """Write the folder of a release; `changes` are to its checkpoint's card."""
    write_checkpoint(folder / "checkpoints" / RUN, **changes)
    write_png(np.zeros((8, 8, 3), np.uint8), folder / "validation" / "a.png")
    sign(folder)


def sign(folder):
    """Write package.json for the files that are there."""
    package = Package(
        run=RUN, variant="small", files=hashes_of(folder), libraries={"torch": "2.13.0"},
        score=Score(protocol="strict-1", mean=0.8, low=0.7, high=0.9, n_expected=5, n_covered=5),
        licence=Licence(name="CC0-1.0", is_non_commercial=False, parents={"simulated": "CC0-1.0"}),
        data=Data(source="simulated", subsets={}, n_images={"train": 4}),
    )  # fmt: skip
    write_package(package, folder)


@dataclass(frozen=True)
class Project:
    """A clone in `root`, its DVC remote beside it."""

    root: Path

    @property
    def remote(self):
        return self.root.parent / "storage"

    def git(self, *arguments):
        own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        own |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-c", "user.name=Test", "-c", "user.email=test@example.org", *arguments]
        return subprocess.run(command, cwd=self.root, env=own, check=True, capture_output=True, text=True).stdout

    def commit(self, message="A commit"):
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def tag(self, *names):
        for name in names:
            self.git("tag", "--annotate", name, "--message", f"Tag {name}")

    def push(self, path):
        """Store a folder or file in the remote as DVC does, and return its md5."""
        whole = self.root / path
        if whole.is_file():
            return self._store(whole.read_bytes())
        files = sorted(file for file in whole.rglob("*") if file.is_file())
        listed = [
            {"md5": self._store(file.read_bytes()), "relpath": file.relative_to(whole).as_posix()} for file in files
        ]
        content = json.dumps(sorted(listed, key=lambda entry: entry["relpath"]), sort_keys=True).encode()
        return self._store(content, ".dir")

    def _store(self, content, suffix=""):
        md5 = hashlib.md5(content, usedforsecurity=False).hexdigest() + suffix
        path = self.remote / "files" / "md5" / md5[:2] / md5[2:]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return md5

    def lock(self, stages):
        """Write dvc.lock: name to (command, dependencies, outputs, parameters); what is there is stored and hashed."""
        written = {}
        for name, (cmd, deps, outs, params) in stages.items():
            entry = {"cmd": f"cellarena {cmd}", "deps": [self._entry(path) for path in deps]}
            entry["params"] = {"params.yaml": params}
            entry["outs"] = [self._entry(path) for path in outs]
            written[name] = entry
        (self.root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": written}, sort_keys=False))

    def _entry(self, path):
        return {"path": path, "hash": "md5", "md5": self.push(path), "size": 1, "nfiles": 1}


def stages():
    """Return the stages from the images to the release, as `Project.lock` takes them."""
    return {
        "acquire": ("acquire", [], ["data/raw"], {"acquire": {"source": "simulated", "licence": "unknown"}}),
        "preprocess": ("preprocess", ["data/raw"], ["data/preprocessed"], {}),
        "split": ("split", ["data/preprocessed"], ["data/splits"], {"split": {"seed": 56, "val": 0.1}}),
        "arms@real": (
            "arms real", ["data/splits/train.csv"], ["data/arms/real.csv"], {"arms.real": {"label": "R", "real": 1}},
        ),
        f"train@{RUN}": (
            "train unet real 0", ["data/arms/real.csv", "data/preprocessed"], [f"data/checkpoints/{RUN}"],
            {"budget": "smoke", "models.unet": {"width": 8, "weights": "net.safetensors", "weights_sha256": "ab" * 32}},
        ),
        f"predict@{RUN}": (
            "predict unet real 0", [f"data/checkpoints/{RUN}", "data/preprocessed"], [f"data/predictions/{RUN}"], {},
        ),
        "compare": ("compare", ["data/predictions"], ["metrics/benchmark.csv", "plots/comparison"], {}),
        "package@unet": ("package unet", [f"data/checkpoints/{RUN}"], ["data/packages/unet"], {}),
    }  # fmt: skip


def new_project(parent):
    """Return a clone in which a model was trained, packed, pushed and released as unet@v1.0.0 in prod."""
    project = Project(parent / "project")
    root = project.root
    (root / ".dvc").mkdir(parents=True)
    project.git("init", "--quiet", "--initial-branch=main")
    (root / ".dvc" / "config").write_text(
        "[core]\n    remote = storage\n['remote \"storage\"']\n    url = ../../storage\n"
    )
    (root / ".dvc" / ".gitignore").write_text("/cache\n/tmp\n")
    (root / ".gitignore").write_text("/data/\n")
    (root / "params.yaml").write_text(yaml.safe_dump(PARAMS))
    (root / "requirements.lock").write_text("torch==2.13.0\n")
    artifacts = {
        "unet": {"path": "data/packages/unet", "type": "model"},
        "raw": {"path": "data/raw", "type": "dataset"},
    }
    (root / "dvc.yaml").write_text(yaml.safe_dump({"artifacts": artifacts}))
    write_image(discs(1)[0], root / "data/raw/images/a.tiff")
    write_image(discs(1)[1], root / "data/preprocessed/labels/a.tiff")
    for name in ("splits/train.csv", "arms/real.csv", f"predictions/{RUN}/failures.csv"):
        (root / "data" / name).parent.mkdir(parents=True)
        (root / "data" / name).write_text("image,reason\n")
    for name in ("metrics/benchmark.csv", "plots/comparison/ranks.png"):
        (root / name).parent.mkdir(parents=True)
        (root / name).write_text("figures\n")
    write_checkpoint(root / "data/checkpoints" / RUN)
    write_release(root / "data/packages/unet")
    project.lock(stages())
    project.commit("The first release")
    project.tag("unet@v1.0.0", "unet#prod#1", "raw@v1.0.0")
    return project


def copied(project, parent):
    """Return a copy of a project with its remote."""
    shutil.copytree(project.root, parent / "project", symlinks=True)
    shutil.copytree(project.remote, parent / "storage")
    return Project(parent / "project")
