"""SAC, Segment Any Cell: SAM's image encoder, whole or adapted by low rank, under a dense full-resolution decoder.

After Na et al. 2024 (arXiv 2401.13220), without its prompts. `tiny` is small enough for a CPU and learns from nothing;
`vit_b`, `vit_l` and `vit_h` start from the weights that SAM publishes.
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from cellarena.models.parts.sam_checkpoint import PUBLISHED
from cellarena.models.spec import MODELS, Hyperparameters, ModelSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


class SAC(Hyperparameters):
    """Hyperparameters of SAC."""

    encoder: Literal["tiny", "vit_b", "vit_l", "vit_h"]
    """Which of SAM's image encoders; all but `tiny` start from a file of the user's."""
    rank: int = Field(ge=0, le=64)
    """Of the low-rank updates of a frozen encoder; 0 trains the encoder whole."""
    checkpoint: str
    """Safetensors file that the encoder starts from: SAM's weights, converted, or for `tiny` the model.safetensors of a
    `sac` that was trained whole; empty for `tiny` from nothing."""
    checkpoint_sha256: str = Field(pattern="^([0-9a-f]{64})?$")
    """Of that file, so that a training is known by it."""
    enlarge: int = Field(ge=1, le=4)
    """How many times larger the encoder sees the image; SAM learnt on images of 1024 pixels."""
    embedding: int = Field(ge=64, le=512, multiple_of=32)
    """Channels of a token of `tiny`."""
    depth: int = Field(ge=2, le=12)
    """Blocks of `tiny`."""
    width: int = Field(ge=8, le=128)
    """Channels of stem and decoder at full resolution; up to four times as many below."""

    @model_validator(mode="after")
    def _starts_from_something(self) -> Self:
        if self.encoder in PUBLISHED and not self.checkpoint:
            published = PUBLISHED[self.encoder]
            raise ValueError(
                f"encoder {self.encoder} needs a checkpoint: {published.name} (sha256 {published.sha256}) from "
                f"{published.url}, converted to safetensors"
            )
        if self.encoder == "tiny" and self.rank > 0 and not self.checkpoint:
            raise ValueError(
                f"rank {self.rank} freezes an encoder that learnt nothing: name the model.safetensors of a `sac` that "
                "was trained with rank 0 as checkpoint, or set rank to 0"
            )
        if bool(self.checkpoint) != bool(self.checkpoint_sha256):
            raise ValueError("checkpoint and checkpoint_sha256 go together: give both or none")
        return self


class Encoder(NamedTuple):
    """The size of an image encoder; see `cellarena.models.parts.segment_anything.image_encoder`."""

    image_size: int
    patch: int
    embedding: int
    depth: int
    heads: int
    channels: int
    window: int
    global_blocks: tuple[int, ...]


SAM_ENCODERS = {
    "vit_b": Encoder(1024, 16, 768, 12, 12, 256, 14, (2, 5, 8, 11)),
    "vit_l": Encoder(1024, 16, 1024, 24, 16, 256, 14, (5, 11, 17, 23)),
    "vit_h": Encoder(1024, 16, 1280, 32, 16, 256, 14, (7, 15, 23, 31)),
}
"""Those of SAM's build_sam."""


def encoder_of(hyperparameters: SAC) -> Encoder:
    """Return the size of the encoder; that of `tiny` has heads of 32 channels and two global blocks, as ViTDet's."""
    if hyperparameters.encoder != "tiny":
        return SAM_ENCODERS[hyperparameters.encoder]
    embedding, depth = hyperparameters.embedding, hyperparameters.depth
    # A patch of 8 keeps tokens smaller than a cell.
    return Encoder(256, 8, embedding, depth, embedding // 32, 128, 8, (depth // 2 - 1, depth - 1))


def build(hyperparameters: SAC, n_channels: int) -> "nn.Module":
    """Return the network; trained weights of the encoder are read at its first use."""
    from cellarena.models.parts.lora import adapt
    from cellarena.models.parts.sac import SegmentAnyCell
    from cellarena.models.parts.segment_anything import image_encoder

    size = encoder_of(hyperparameters)
    encoder = image_encoder(**size._asdict())
    if hyperparameters.rank > 0:
        adapt(encoder, hyperparameters.rank)
    return SegmentAnyCell(
        encoder, size.channels, n_channels, hyperparameters.width, hyperparameters.enlarge, _start(hyperparameters)
    )


def _start(hyperparameters: SAC) -> "Callable[[Any], None] | None":
    """Return what fills the encoder with trained weights, if it is to start from any."""
    from cellarena.models.parts.sam_checkpoint import load_own, load_published

    path, sha256 = Path(hyperparameters.checkpoint), hyperparameters.checkpoint_sha256
    if not hyperparameters.checkpoint:
        return None
    if hyperparameters.encoder == "tiny":
        return partial(load_own, path=path, sha256=sha256)
    return partial(load_published, variant=hyperparameters.encoder, path=path, sha256=sha256)


MODELS.register("sac")(ModelSpec(SAC, build, target="three_class", multiple=32))
