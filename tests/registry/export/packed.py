"""Packages of small networks, as the stage `package` makes them of large ones."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from cellarena.cards import write_card
from cellarena.files import write_bytes
from cellarena.images.io import write_labels, write_png
from cellarena.learning.checkpoints import build_network, save_weights
from cellarena.learning.predict import segment
from cellarena.models.planning.nnunet_plan import Planning, plan
from cellarena.models.spec import MODELS
from cellarena.params.mirror import load_params
from cellarena.registry.export.portable import Name, portable
from cellarena.registry.packages.package import Data, Licence, Package, Score, hashes_of, read_package, write_package
from cellarena.registry.packages.proof import proving_segmenter

PARAMS = load_params(Path(__file__).parents[3] / "params.yaml")
PLAN = plan([(64, 64)] * 10, 3, 3, Planning(memory_gb=0.1, features=32)).model_copy(
    update={"features": (8, 16, 16, 16, 16)}
)
CALLED = Name("my-model", "v1.2.0", datetime(2026, 1, 2, tzinfo=UTC), ("A. Author",))


def smallest(name):
    """Return the hyperparameters of params.yaml, whole numbers as small as their bounds allow."""
    declared = getattr(PARAMS.models, name)
    bounds = {
        key: rule.ge
        for key, field in type(declared).model_fields.items()
        for rule in field.metadata
        if field.annotation is int and hasattr(rule, "ge")
    }
    chosen = type(declared).model_validate({**declared.model_dump(), **bounds})
    return chosen.planned(PLAN) if MODELS[name].planned else chosen


def image(seed, side=80):
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:side, :side]
    grey = np.full((side, side), 40.0)
    for row, column in rng.integers(10, side - 10, (8, 2)):
        grey[(rows - row) ** 2 + (columns - column) ** 2 <= 49] = 200
    return np.stack([np.clip(grey + rng.normal(0, 8, grey.shape), 0, 255)] * 3, axis=-1).astype(np.uint8)


def pack(name, folder, licence="CC0-1.0", **hyperparameters):
    """Write a package of a fresh network with a run's name; its crops show what it finds."""
    torch.manual_seed(0)
    target, chosen = getattr(PARAMS.targets, MODELS[name].target), smallest(name).model_copy(update=hyperparameters)
    checkpoint = folder / "checkpoints" / f"{name}-real-0"
    save_weights(build_network(name, chosen, target).state_dict(), checkpoint / "model.safetensors")
    card = {
        "run": f"{name}-real-0",
        "model": name,
        "hyperparameters": chosen.model_dump(mode="json"),
        "target": MODELS[name].target,
        "decoding": target.model_dump(mode="json"),
        "normalisation": {"low": 1.0, "high": 99.0},
        "inference": {"tile": 64},
    }
    write_card(card, checkpoint / "model.json")
    _, segmenter = proving_segmenter(checkpoint)
    for seed in (0, 1):
        write_png(image(seed), folder / "validation" / f"crop_{seed}.png")
        write_labels(segment(segmenter, image(seed)), folder / "validation" / f"crop_{seed}.tiff")
    write_bytes(b"# Model card\n", folder / "README.md")
    described = Package(
        run=f"{name}-real-0",
        variant="small",
        score=Score(protocol="strict-1", mean=0.5, low=0.4, high=0.6, n_expected=2, n_covered=2),
        licence=Licence(name=licence, is_non_commercial=False, parents={"images: simulated": licence}),
        data=Data(source="simulated", subsets={}, n_images={}),
        libraries={},
        files=hashes_of(folder),
    )
    write_package(described, folder)
    return folder


def opened(folder):
    return portable(folder, read_package(folder), CALLED)
