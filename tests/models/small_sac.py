"""A SAC that a test can afford, and files for it."""

import hashlib

import torch

from cellarena.models.sac import SAC, build, start
from cellarena.models.weights.pretrained import Supplied

SMALL = {
    "optimizer": "adamw", "learning_rate": 0.001, "weight_decay": 0.01, "augmentation": "strong",
    "normalisation": "unit", "foreground": 0, "encoder": "tiny", "rank": 0, "pretrain": 0, "checkpoint": "",
    "checkpoint_sha256": "", "enlarge": 1, "embedding": 64, "depth": 2, "width": 8, "prompts": "none",
}  # fmt: skip


def settings(**changes):
    return SAC.model_validate(SMALL | changes)


def network(seed=0, **changes):
    torch.manual_seed(seed)
    return build(settings(**changes), 3).eval()


def started(seed=0, **changes):
    """Return a network as a training begins with it."""
    net = network(seed, **changes)
    start(settings(**changes), net)
    return net


def supplied(path, sha256=None):
    return Supplied(path, sha256 or file_hash(path), "models.sac.checkpoint")


def file_hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()
