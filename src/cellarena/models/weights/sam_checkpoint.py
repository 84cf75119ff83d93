"""Trained weights for SAM's networks: those that SAM publishes, or those of a `sac` of this project."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from cellarena.models.weights.pretrained import Published, Supplied, fill, part, read, read_published

if TYPE_CHECKING:
    from torch import nn

_ADDRESS = "https://dl.fbaipublicfiles.com/segment_anything/"

# Apache-2.0. The digits in the names are the first ones of the files' MD5.
PUBLISHED = {
    "vit_b": Published(
        _ADDRESS + "sam_vit_b_01ec64.pth", "ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912"
    ),
    "vit_l": Published(
        _ADDRESS + "sam_vit_l_0b3195.pth", "3adcc4315b642a4d2101128f611684e8734c41232a17c648ed1693702a49a622"
    ),
    "vit_h": Published(
        _ADDRESS + "sam_vit_h_4b8939.pth", "a7bf3b02f3ebf1267aba913ff637d9a2d5c33d3173bb679e46d9f338c26f262e"
    ),
}


def load_published(parts: Mapping[str, "nn.Module"], variant: str, file: Supplied) -> None:
    """Fill parts of SAM from the converted checkpoint of its variant.

    Args:
        parts: by their names in SAM, such as image_encoder (of that variant, adapted or not); changed in place.
        variant: "vit_b", "vit_l" or "vit_h".
        file: the converted file.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file's hash is another, or if it was converted from any but the published file.
        ValueError: if it is no safetensors file or does not hold these parts.
    """
    from cellarena.models.networks.lora import added_names

    published = PUBLISHED[variant]
    weights = read_published(file, published)
    for name, network in parts.items():
        fill(network, part(weights, f"{name}."), file.path, published.fix, fresh=added_names(network))


def load_own(encoder: "nn.Module", file: Supplied) -> None:
    """Fill an encoder from the `model.safetensors` of a network of this project that has the same encoder.

    Args:
        encoder: adapted or not; changed in place.
        file: the checkpoint; if its encoder was adapted, its updates are merged into the weights that are read.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file's hash is another.
        ValueError: if it is no safetensors file or does not hold this encoder.
    """
    from cellarena.models.networks.lora import added_names, merged_weights

    fix = (
        f"train a `sac` with encoder tiny and no checkpoint first, and let {file.setting} name its model.safetensors; "
        "embedding and depth must be the same"
    )
    _, weights = read(file, fix)
    try:
        plain = merged_weights(part(weights, "encoder."))
    except (KeyError, RuntimeError) as error:
        raise ValueError(f"{file.path}: holds low-rank updates that do not fit its encoder; {fix}") from error
    fill(encoder, plain, file.path, fix, fresh=added_names(encoder))
