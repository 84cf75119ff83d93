"""Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685) of the queries and values of SAM's attention."""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

_ADDED = ("down_q", "up_q", "down_v", "up_v")


class LowRankQkv(nn.Module):
    """Stands in for an attention's `qkv`: W x + b + [up_q down_q x; 0; up_v down_v x], W and b frozen.

    The base keeps its names `weight` and `bias`, so that a checkpoint of the plain encoder still fits. `up` is zero at
    the start: the adapted encoder then equals the plain one.

    Args:
        base: maps D channels to the 3 D channels of queries, keys and values, in this order.
        rank: of the two updates, at least 1.

    Raises:
        ValueError: if the base has another shape, or if the rank is none.
    """

    def __init__(self, base: nn.Linear, rank: int) -> None:
        super().__init__()
        if base.out_features != 3 * base.in_features or base.bias is None:
            raise ValueError(f"expected a layer of D to 3 D channels with a bias, got {base}")
        if rank < 1:
            raise ValueError(f"rank {rank} is below 1")
        channels = base.in_features
        self.weight, self.bias = base.weight, base.bias
        self.weight.requires_grad_(False)
        self.bias.requires_grad_(False)
        self.down_q, self.down_v = (nn.Parameter(torch.empty(rank, channels)) for _ in range(2))
        self.up_q, self.up_v = (nn.Parameter(torch.zeros(channels, rank)) for _ in range(2))
        for down in (self.down_q, self.down_v):
            nn.init.kaiming_uniform_(down, a=math.sqrt(5))

    def forward(self, tokens: Tensor) -> Tensor:
        """Return (..., 3 D) queries, keys and values of (..., D) tokens."""
        q, k, v = functional.linear(tokens, self.weight, self.bias).chunk(3, dim=-1)
        q = q + functional.linear(functional.linear(tokens, self.down_q), self.up_q)
        v = v + functional.linear(functional.linear(tokens, self.down_v), self.up_v)
        return torch.cat([q, k, v], dim=-1)

    @torch.no_grad()
    def merged(self) -> nn.Linear:
        """Return one plain layer that does the same, on the same device."""
        channels = self.weight.shape[1]
        plain = nn.Linear(channels, 3 * channels, device=self.weight.device, dtype=self.weight.dtype)
        plain.weight.copy_(_updated(self.weight, self.up_q @ self.down_q, self.up_v @ self.down_v))
        plain.bias.copy_(self.bias)
        return plain


def adapt(encoder: nn.Module, rank: int) -> None:
    """Freeze an encoder, all of it, and give the attention of each of its blocks trainable low-rank updates.

    Args:
        encoder: has `blocks`, each with `attn.qkv`; changed in place.
        rank: of the updates; 4 x rank x D weights are trainable in a block of D channels.
    """
    for attention in _attentions(encoder):
        attention.qkv = LowRankQkv(attention.qkv, rank)
    train_updates(encoder)


def train_updates(encoder: nn.Module) -> None:
    """Let an adapted encoder's low-rank updates learn and hold all else of it."""
    _train_only(encoder, added_names(encoder))


def train_base(encoder: nn.Module) -> None:
    """Let all of an adapted encoder learn but its low-rank updates, which are held."""
    _train_only(encoder, {name for name, _ in encoder.named_parameters()} - added_names(encoder))


def merge(encoder: nn.Module) -> None:
    """Put plain layers with the updates added into the place of the adapted ones, in place.

    The merged layers are trainable, as any new layer is; all else of the encoder stays frozen.
    """
    for attention in _attentions(encoder):
        attention.qkv = attention.qkv.merged()


def merged_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return an encoder's state, adapted or not, as that of the plain encoder that does the same.

    Raises:
        KeyError: if a layer has some of its updates only.
        RuntimeError: if the updates of a layer do not fit its weight.
    """
    plain = dict(weights)
    for layer in [name.removesuffix(".down_q") for name in weights if name.endswith(".down_q")]:
        down_q, up_q, down_v, up_v = (plain.pop(f"{layer}.{added}") for added in _ADDED)
        plain[f"{layer}.weight"] = _updated(plain[f"{layer}.weight"], up_q @ down_q, up_v @ down_v)
    return plain


def added_names(encoder: nn.Module) -> set[str]:
    """Return the names in the encoder's state that low-rank adaptation brought in."""
    return {
        f"{name}.{added}"
        for name, module in encoder.named_modules()
        if isinstance(module, LowRankQkv)
        for added in _ADDED
    }


def _updated(weight: Tensor, of_q: Tensor, of_v: Tensor) -> Tensor:
    q, k, v = weight.chunk(3)
    return torch.cat([q + of_q, k, v + of_v])


def _train_only(encoder: nn.Module, names: set[str]) -> None:
    for name, weight in encoder.named_parameters():
        weight.requires_grad_(name in names)
        if name not in names:
            # An optimizer passes over a weight that has no gradient; on a stale one weight decay would go on.
            weight.grad = None


def _attentions(encoder: Any) -> list[Any]:
    return [block.attn for block in encoder.blocks]
