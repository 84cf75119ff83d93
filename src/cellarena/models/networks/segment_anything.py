"""The one place that reaches segment-anything's networks.

Running the package's own `__init__` would import torchvision, whose usual build breaks Lightning beside a CPU-only
torch. Its sub-package `modeling` needs torch alone, so that one is loaded by file, under a name of our own.
"""

import importlib.util
import sys
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from torch import nn

_ALIAS = "cellarena_segment_anything_modeling"


@cache
def modeling() -> ModuleType:
    """Return `segment_anything.modeling`, loaded without `segment_anything` itself.

    Raises:
        ModuleNotFoundError: if segment-anything is not installed.
    """
    # find_spec only looks where the package lies; it runs nothing of it.
    package = importlib.util.find_spec("segment_anything")
    if package is None or not package.submodule_search_locations:
        raise ModuleNotFoundError(
            "segment-anything is not installed; run `pip install --requirement requirements.lock`"
        )
    folder = Path(next(iter(package.submodule_search_locations))) / "modeling"
    spec = importlib.util.spec_from_file_location(
        _ALIAS, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None and spec.loader is not None  # noqa: PT018  # both hold for any path that ends in .py
    module = importlib.util.module_from_spec(spec)
    # Its files import one another as siblings, so that the name must be known before they run.
    sys.modules[_ALIAS] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[_ALIAS]
        raise
    return module


def image_encoder(
    *, image_size: int, patch: int, embedding: int, depth: int, heads: int, channels: int, window: int,
    global_blocks: tuple[int, ...],
) -> nn.Module:  # fmt: skip
    """Return SAM's image encoder (Kirillov et al. 2023, arXiv 2304.02643) with fresh weights.

    Args:
        image_size: side in pixels of the images whose positions it has a table for.
        patch: side in pixels of what becomes one token.
        embedding: channels of a token; a multiple of `heads`.
        depth: number of blocks.
        heads: attention heads of a block.
        channels: channels of the output, (B, channels, H / patch, W / patch).
        window: side in tokens of the windows that attention is confined to.
        global_blocks: numbers of the blocks whose attention spans the whole image.
    """
    encoder: Any = modeling().ImageEncoderViT(
        img_size=image_size, patch_size=patch, embed_dim=embedding, depth=depth, num_heads=heads, out_chans=channels,
        norm_layer=partial(nn.LayerNorm, eps=1e-6), use_rel_pos=True, window_size=window,
        global_attn_indexes=global_blocks,
    )  # fmt: skip
    network: nn.Module = encoder
    return network


def prompt_encoder(*, channels: int) -> nn.Module:
    """Return SAM's prompt encoder with fresh weights, for features of the image encoder with as many channels."""
    encoder: Any = modeling().PromptEncoder(
        embed_dim=channels, image_embedding_size=(64, 64), input_image_size=(1024, 1024), mask_in_chans=16
    )
    network: nn.Module = encoder
    return network


def mask_decoder(*, channels: int) -> nn.Module:
    """Return SAM's mask decoder with fresh weights, for features of the image encoder with as many channels."""
    transformer = modeling().TwoWayTransformer(depth=2, embedding_dim=channels, mlp_dim=2048, num_heads=8)
    decoder: Any = modeling().MaskDecoder(transformer_dim=channels, transformer=transformer)
    network: nn.Module = decoder
    return network
