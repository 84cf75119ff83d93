"""Trained weights for SAM's image encoder from a file of the user's: always checked, and never unpickled.

SAM publishes its weights as pickles, which could run any code. What is read here is safetensors. Convert the published
file once, where you would trust it (`conversion` returns the command): the converted file then names in its metadata
the hash of the published one.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from cellarena.faults import IntegrityError

if TYPE_CHECKING:
    from torch import Tensor, nn

PREFIX = {"sam": "image_encoder.", "own": "encoder."}
"""What the encoder's weights are called in SAM's checkpoints and in the checkpoints of this project."""


class Published(NamedTuple):
    """A checkpoint that SAM publishes."""

    name: str
    sha256: str

    @property
    def url(self) -> str:
        """Where it is published (Apache-2.0)."""
        return f"https://dl.fbaipublicfiles.com/segment_anything/{self.name}"


# The digits in the names are the first ones of the files' MD5.
PUBLISHED = {
    "vit_b": Published("sam_vit_b_01ec64.pth", "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912"),
    "vit_l": Published("sam_vit_l_0b3195.pth", "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622"),
    "vit_h": Published("sam_vit_h_4b8939.pth", "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e"),
}


def conversion(name: str) -> str:
    """Return the shell command that converts a published file in the current folder to safetensors."""
    return (
        'python -c "import hashlib, torch; from safetensors.torch import save_file; '
        f"p = '{name}'; h = hashlib.sha256(open(p, 'rb').read()).hexdigest(); "
        "save_file(torch.load(p, weights_only=True), p[:-3] + 'safetensors', {'sha256': h})\""
    )


def load_published(encoder: "nn.Module", variant: str, path: Path, sha256: str) -> None:
    """Fill SAM's encoder from the converted checkpoint of its variant.

    Args:
        encoder: SAM's image encoder of that variant, adapted or not; changed in place.
        variant: "vit_b", "vit_l" or "vit_h".
        path: the converted file.
        sha256: of the converted file.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file's hash is another, or if it was converted from any but the published file.
        ValueError: if it is no safetensors file or does not hold this encoder.
    """
    published = PUBLISHED[variant]
    fix = f"download {published.url} (sha256 {published.sha256}) and convert it once: {conversion(published.name)}"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; models.sac starts {variant} from {published.name}: {fix}")
    if path.suffix == ".pth":
        raise ValueError(f"{path}: {_verdict(path, published)}; a pickle is not opened here: {fix}")
    metadata, weights = _read(path, sha256, PREFIX["sam"], fix)
    origin = metadata.get("sha256", "no file that it names")
    if origin != published.sha256:
        raise IntegrityError(
            f"{path}: was converted from {origin}, expected {published.name} with sha256 {published.sha256}; {fix}"
        )
    _fill(encoder, weights, path, fix)


def load_own(encoder: "nn.Module", path: Path, sha256: str) -> None:
    """Fill an encoder from the `model.safetensors` of a network of this project that has the same encoder.

    Args:
        encoder: adapted or not; changed in place.
        path: the checkpoint, of a network whose encoder was trained whole.
        sha256: of the checkpoint.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file's hash is another.
        ValueError: if it is no safetensors file or does not hold this encoder.
    """
    fix = (
        "train `sac` with rank 0 and no checkpoint first, and let models.sac.checkpoint name its model.safetensors; "
        "embedding and depth must be the same"
    )
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {fix}")
    _, weights = _read(path, sha256, PREFIX["own"], fix)
    _fill(encoder, weights, path, fix)


def _read(path: Path, sha256: str, prefix: str, fix: str) -> tuple[dict[str, str], "dict[str, Tensor]"]:
    """Return metadata and the tensors under a prefix, which is cut off, of a file whose hash is right."""
    from safetensors import SafetensorError, safe_open

    found = _hash(path)
    if found != sha256:
        raise IntegrityError(
            f"{path}: sha256 is {found}, models.sac.checkpoint_sha256 says {sha256}; correct it if this is the file "
            f"you mean, else {fix}"
        )
    try:
        with safe_open(path, framework="pt") as file:
            opened: Any = file
            names = [name for name in opened.keys() if name.startswith(prefix)]  # noqa: SIM118  # not a mapping
            return opened.metadata() or {}, {name.removeprefix(prefix): opened.get_tensor(name) for name in names}
    except SafetensorError as error:
        raise ValueError(f"{path}: not a safetensors file ({error}); {fix}") from error


def _fill(encoder: "nn.Module", weights: "dict[str, Tensor]", path: Path, fix: str) -> None:
    from cellarena.models.parts.lora import added_names

    added = added_names(encoder)
    expected = {name: tensor.shape for name, tensor in encoder.state_dict().items() if name not in added}
    found = {name: tensor.shape for name, tensor in weights.items()}
    if odd := sorted(name for name in found.keys() | expected.keys() if found.get(name) != expected.get(name)):
        raise ValueError(f"{path}: does not fit the encoder ({len(odd)} tensors differ, the first is {odd[0]}); {fix}")
    for name, tensor in weights.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{path}: {name} holds values that are not finite; {fix}")
    encoder.load_state_dict(weights, strict=False)


def _verdict(path: Path, published: Published) -> str:
    found = _hash(path)
    if found == published.sha256:
        return f"is {published.name} indeed, its sha256 is right"
    return f"sha256 is {found}, expected {published.sha256}"


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
