"""Weights that were trained elsewhere, from a file of the user's: always checked, and never unpickled.

They are published as pickles, which could run any code. What is read here is safetensors. Convert the published file
once, where you would trust it (`conversion` returns the command): the converted file then names in its metadata the
hash of the published one.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cellarena.faults import IntegrityError

if TYPE_CHECKING:
    from collections.abc import Collection

    from torch import Tensor, nn


class Published(NamedTuple):
    """A pickle of weights that its authors publish.

    Attributes:
        url: where.
        sha256: of the file; where its authors give the first digits only, those.
    """

    url: str
    sha256: str

    @property
    def name(self) -> str:
        """What the file is called."""
        return self.url.rpartition("/")[2]

    @property
    def fix(self) -> str:
        """What to do about a file that is missing or another."""
        return f"download {self.url} (sha256 {self.sha256}) and convert it once: {conversion(self.name)}"


class Supplied(NamedTuple):
    """A file of the user's.

    Attributes:
        path: of the safetensors file.
        sha256: what the user says its hash is.
        setting: which parameter names it, such as models.sac.checkpoint; the hash's is called the same + _sha256.
    """

    path: Path
    sha256: str
    setting: str


def conversion(name: str) -> str:
    """Return the shell command that converts a published file in the current folder to safetensors."""
    return (
        'python -c "import hashlib, torch; from safetensors.torch import save_file; '
        f"p = '{name}'; h = hashlib.sha256(open(p, 'rb').read()).hexdigest(); "
        "save_file(torch.load(p, weights_only=True), p[:-3] + 'safetensors', {'sha256': h})\""
    )


def read_published(file: Supplied, published: Published) -> "dict[str, Tensor]":
    """Return the weights of a converted file by name.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file's hash is another, or if it was converted from any but the published file.
        ValueError: if it is no safetensors file.
    """
    path, fix = file.path, published.fix
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {file.setting} is to hold {published.name}: {fix}")
    if path.suffix == ".pth":
        raise ValueError(f"{path}: {_verdict(path, published)}; a pickle is not opened here: {fix}")
    metadata, weights = read(file, fix)
    origin = metadata.get("sha256", "no file that it names")
    if not origin.startswith(published.sha256):
        raise IntegrityError(
            f"{path}: was converted from {origin}, expected {published.name} with sha256 {published.sha256}; {fix}"
        )
    return weights


def read(file: Supplied, fix: str) -> tuple[dict[str, str], "dict[str, Tensor]"]:
    """Return metadata and weights of a safetensors file whose hash is right.

    Args:
        file: what the user supplied.
        fix: what to do about another file; ends the messages.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file's hash is another.
        ValueError: if it is no safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    path, sha256, setting = file
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {fix}")
    if (found := _hash(path)) != sha256:
        raise IntegrityError(
            f"{path}: sha256 is {found}, {setting}_sha256 says {sha256}; correct it if this is the file you mean, "
            f"else {fix}"
        )
    try:
        with safe_open(path, framework="pt") as opened:
            names: list[str] = list(opened.keys())
            metadata: dict[str, str] | None = opened.metadata()
            tensors: dict[str, Any] = {name: opened.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file ({error}); {fix}") from error
    return metadata or {}, tensors


def part(weights: "dict[str, Tensor]", prefix: str) -> "dict[str, Tensor]":
    """Return the weights whose names start with a prefix, under their names without it."""
    return {name.removeprefix(prefix): tensor for name, tensor in weights.items() if name.startswith(prefix)}


def fill(network: "nn.Module", weights: "dict[str, Tensor]", path: Path, fix: str, fresh: "Collection[str]") -> None:
    """Put weights into a network in place, if they are all there, no others, of the right shapes, and finite.

    Args:
        network: to be filled.
        weights: by the names of the network's state.
        path: of the file they come from.
        fix: what to do about another file; ends the messages.
        fresh: names that are not to be filled.

    Raises:
        ValueError: if the weights do not fit or are not finite.
    """
    expected = {name: tensor.shape for name, tensor in network.state_dict().items() if name not in fresh}
    found = {name: tensor.shape for name, tensor in weights.items()}
    if odd := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
        raise ValueError(f"{path}: does not fit the network ({len(odd)} tensors differ, the first is {odd[0]}); {fix}")
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{path}: {name} holds values that are not finite; {fix}")
    network.load_state_dict(weights, strict=False)


def _verdict(path: Path, published: Published) -> str:
    found = _hash(path)
    if found.startswith(published.sha256):
        return f"is {published.name} indeed, its sha256 is right"
    return f"sha256 is {found}, expected {published.sha256}"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
