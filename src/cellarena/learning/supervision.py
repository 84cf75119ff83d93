"""Deep supervision: a network that puts out several resolutions is taught at each of them."""

import torch
from torch import Tensor
from torch.nn import functional

from cellarena.targets.spec import UNTAUGHT, Target


def supervised_loss(target: Target, output: Tensor | tuple[Tensor, ...], encoded: Tensor) -> Tensor:
    """Return the loss of a network's output, the mean over its resolutions where it has several.

    The finest resolution counts twice as much as the next, and so on (nnU-Net: Isensee et al., Nature Methods 2021,
    doi 10.1038/s41592-020-01008-z); the weights sum to 1. Pixels that nobody annotated are left out.

    Args:
        target: the loss at one resolution.
        output: (B, n_channels, H, W) raw network output, or one such tensor a resolution, the finest first.
        encoded: (B, H, W) or (B, C, H, W) encoded targets, of the size of the finest output; `UNTAUGHT` where nobody
            annotated.

    Returns:
        A scalar.
    """
    if isinstance(output, Tensor):
        return _taught_loss(target, output, encoded)
    weights = [0.5**i for i in range(len(output))]
    losses = [_taught_loss(target, scaled, _resampled(encoded, scaled)) for scaled in output]
    return torch.stack([weight * loss for weight, loss in zip(weights, losses, strict=True)]).sum() / sum(weights)


def _taught_loss(target: Target, output: Tensor, encoded: Tensor) -> Tensor:
    """Return the loss of the pixels that somebody annotated; 0 if there is none."""
    taught = (encoded if encoded.ndim == 3 else encoded[:, 0]) != UNTAUGHT
    if taught.all():
        return target.loss(output, encoded)
    if not taught.any():
        return output.sum() * 0
    return target.loss(_chosen(output, taught), _chosen(encoded, taught))


def _chosen(values: Tensor, pixels: Tensor) -> Tensor:
    """Return the values at n pixels as one image of n x 1: (B, C, H, W) becomes (1, C, n, 1), (B, H, W) (1, n, 1)."""
    if values.ndim == 3:
        return values[pixels][None, :, None]
    return values.movedim(1, -1)[pixels].T[None, :, :, None]


def _resampled(encoded: Tensor, like: Tensor) -> Tensor:
    """Return the nearest targets at the height and width of an output; their type stays."""
    size = like.shape[-2:]
    if encoded.shape[-2:] == size:
        return encoded
    channels = encoded if encoded.ndim == 4 else encoded.unsqueeze(1)
    # Class numbers and distances are small enough to be exact as 32-bit floats, which every device can interpolate.
    resized = functional.interpolate(channels.float(), size=size, mode="nearest-exact").to(encoded.dtype)
    return resized if encoded.ndim == 4 else resized.squeeze(1)
