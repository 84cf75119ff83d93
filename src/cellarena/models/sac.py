"""SAC, Segment Any Cell: SAM's image encoder, whole or adapted by low rank, under a dense full-resolution decoder.

After Na et al. 2024 (arXiv 2401.13220). `tiny` is small enough for a CPU and learns from nothing; `vit_b`, `vit_l` and
`vit_h` start from the weights that SAM publishes, and can prompt SAM's own mask decoder, as the paper does.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from cellarena.models.spec import MODELS, Cite, Hyperparameters, ModelSpec
from cellarena.models.weights.pretrained import Supplied
from cellarena.models.weights.sam_checkpoint import PUBLISHED

if TYPE_CHECKING:
    from torch import nn


class SAC(Hyperparameters):
    """Hyperparameters of SAC."""

    encoder: Literal["tiny", "vit_b", "vit_l", "vit_h"]
    """Which of SAM's image encoders; all but `tiny` start from a file of the user's."""
    rank: int = Field(ge=0, le=64)
    """Of the low-rank updates of a frozen encoder; 0 trains the encoder whole."""
    pretrain: float = Field(ge=0, lt=1)
    """Share of the steps in which a `tiny` from nothing is trained whole before it is frozen and its updates learn."""
    checkpoint: str
    """Safetensors file that the encoder starts from: SAM's weights, converted, or for `tiny` the model.safetensors of
    another `sac` with a `tiny` encoder; empty for `tiny` from nothing."""
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
    prompts: Literal["none", "auto"]
    """Whether the output is the dense decoder's, or that of SAM's own mask decoder, prompted at its objects' centres.
    Training is the same; predicting takes longer."""

    @model_validator(mode="after")
    def _starts_from_something(self) -> Self:
        if self.encoder in PUBLISHED and not self.checkpoint:
            published = PUBLISHED[self.encoder]
            raise ValueError(
                f"encoder {self.encoder} needs a checkpoint: {published.name} (sha256 {published.sha256}) from "
                f"{published.url}, converted to safetensors"
            )
        if self.encoder == "tiny" and self.rank > 0 and not self.checkpoint and self.pretrain == 0:
            raise ValueError(
                f"rank {self.rank} freezes an encoder that learnt nothing: set pretrain to the share of the steps that "
                "train it whole first, or name the model.safetensors of another tiny `sac` as checkpoint, or set rank "
                "to 0"
            )
        if bool(self.checkpoint) != bool(self.checkpoint_sha256):
            raise ValueError("checkpoint and checkpoint_sha256 go together: give both or none")
        return self

    @model_validator(mode="after")
    def _is_one_of_the_variants(self) -> Self:
        if self.pretrain > 0 and self.checkpoint:
            raise ValueError(
                f"pretrain {self.pretrain} is for an encoder from nothing, and this one starts from a checkpoint: "
                "set pretrain to 0"
            )
        if self.pretrain > 0 and self.rank == 0:
            raise ValueError(
                f"pretrain {self.pretrain} comes before low-rank updates, and rank 0 has none: set rank above 0, or "
                "pretrain to 0, which trains the encoder whole to the end"
            )
        if self.prompts == "auto" and self.encoder == "tiny":
            raise ValueError(
                "prompts auto needs SAM's own mask decoder, which is published with vit_b, vit_l and vit_h: set "
                "encoder to one of them, or prompts to none"
            )
        if self.normalisation != "unit":
            raise ValueError(
                f"normalisation {self.normalisation}: SAM's own normalisation starts from intensities in [0, 1]; set "
                "normalisation to unit"
            )
        return self


class Encoder(NamedTuple):
    """The size of an image encoder; see `cellarena.models.networks.segment_anything.image_encoder`."""

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
    """Return the network with fresh weights."""
    from cellarena.models.networks.lora import adapt
    from cellarena.models.networks.sac import SegmentAnyCell
    from cellarena.models.networks.sam_prompts import PromptedSegmentAnyCell
    from cellarena.models.networks.segment_anything import image_encoder

    size = encoder_of(hyperparameters)
    encoder = image_encoder(**size._asdict())
    if hyperparameters.rank > 0:
        adapt(encoder, hyperparameters.rank)
    width, enlarge = hyperparameters.width, hyperparameters.enlarge
    if hyperparameters.prompts == "auto":
        return PromptedSegmentAnyCell(encoder, size.channels, width, enlarge)
    return SegmentAnyCell(encoder, size.channels, n_channels, width, enlarge)


def start(hyperparameters: SAC, network: Any) -> None:
    """Fill the encoder with the trained weights that it is to start from, if any, and with `auto` SAM's mask decoder.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file is another.
        ValueError: if it is no safetensors file or does not fit.
    """
    from cellarena.models.weights.sam_checkpoint import load_own, load_published

    if not hyperparameters.checkpoint:
        return
    file = Supplied(Path(hyperparameters.checkpoint), hyperparameters.checkpoint_sha256, "models.sac.checkpoint")
    if hyperparameters.encoder == "tiny":
        load_own(network.encoder, file)
        return
    parts = {"image_encoder": network.encoder}
    if hyperparameters.prompts == "auto":
        parts |= {"prompt_encoder": network.prompt_encoder, "mask_decoder": network.mask_decoder}
    load_published(parts, hyperparameters.encoder, file)


def phase(hyperparameters: SAC, network: Any, share_done: float) -> bool:
    """Let the encoder's own weights learn at first, for the share `pretrain`, and then its low-rank updates."""
    from cellarena.models.networks.lora import train_base, train_updates

    pretraining = share_done < hyperparameters.pretrain
    if hyperparameters.rank > 0:
        (train_base if pretraining else train_updates)(network.encoder)
    return not pretraining


def describe(hyperparameters: SAC) -> str:
    """Return which encoder it is, what it starts from and how it learns."""
    learning = "trained whole"
    if hyperparameters.rank > 0:
        learning = f"frozen with LoRA of rank {hyperparameters.rank}"
    if hyperparameters.pretrain > 0:
        learning = f"pretrained for {100 * hyperparameters.pretrain:g} % of the steps, then {learning}"
    if hyperparameters.encoder == "tiny" and hyperparameters.checkpoint:
        learning = f"pretrained in another run, {learning}"
    prompts = ", its mask decoder prompted" if hyperparameters.prompts == "auto" else ""
    return f"SAM encoder {hyperparameters.encoder}, {learning}{prompts}"


MODELS.register("sac")(
    ModelSpec(
        SAC, build, target="three_class", multiple=32, start=start, phase=phase, describe=describe,
        cite=Cite("Na et al. 2024", "10.48550/arXiv.2401.13220"),
    )
)  # fmt: skip
