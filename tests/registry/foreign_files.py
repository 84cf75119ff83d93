"""A small network, and files of its weights as others may hand them over: sound, broken and hostile."""

import io
import json
import pickle
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save

from cellarena.learning.checkpoints import build_network
from cellarena.models.unet import UNet
from cellarena.targets.three_class import ThreeClass

TARGET = ThreeClass(boundary=1, seed=0.5, waist=0.6, foreground=0.5, seed_size=1, min_size=4)
NETWORK = UNet(
    optimizer="adamw", learning_rate=0.005, weight_decay=0.01, augmentation="geometric", normalisation="unit",
    foreground=0, width=8, levels=2, residual_units=0,
)  # fmt: skip
CARD = {
    "model": "unet",
    "hyperparameters": NETWORK.model_dump(mode="json"),
    "target": "three_class",
    "decoding": TARGET.model_dump(mode="json"),
}


def network(seed=0):
    torch.manual_seed(seed)
    return build_network("unet", NETWORK, TARGET).eval()


def weights(prefix=""):
    return {prefix + name: tensor for name, tensor in network().state_dict().items()}


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


class Touching:
    """Makes a file when it is unpickled, by a function of the operating system."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (__import__("os").system, (f"touch {self.path}",))


def saved(content, path, **options):
    torch.save(content, path, **options)
    return path


def recompressed(path):
    """Compress the members of an archive of torch.save, as a zip bomb does."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def bomb(path):
    """Write a file of some kilobytes that unpacks to a gigabyte of zeros."""
    saved({"weight": torch.zeros(4)}, path)
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    name = next(name for name in members if name.endswith("data/0"))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            if member != name:
                archive.writestr(member, content)
        with archive.open(name, "w") as opened:
            for _ in range(64):
                opened.write(bytes(2**24))
    assert path.stat().st_size < 2**21
    return path


def swapped(path):
    """Put a pickle that makes a file into a sound archive of torch.save, in the place of its own."""
    canary = path.with_name("canary")
    saved(weights(), path)
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, content in members.items():
            archive.writestr(name, pickle.dumps(Canary(canary), protocol=2) if name.endswith("data.pkl") else content)
    return path


def safetensors(header, body=b"", length=None):
    """Return the bytes of a safetensors file with this header, sound or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + body


def with_offsets(change):
    """Return sound weights as safetensors whose header is changed, the bytes behind it as they were."""
    content = save(weights())
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    change(header)
    return safetensors(header, content[8 + length :])


def unfolded(path, n):
    """Write a file of one number that claims to be n of them: a view with steps of zero."""
    return saved({"state_dict": {"weight": torch.zeros(1).expand(n)}}, path)


def pickled(content, protocol=2):
    buffer = io.BytesIO()
    pickle.dump(content, buffer, protocol)
    return buffer.getvalue()
