"""nnU-Net: depth and patch of a U-Net follow from the data (Isensee et al., 2021, doi 10.1038/s41592-020-01008-z)."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn

    from cellarena.models.parts.nnunet_plan import Plan


def network_from(plan: "Plan", n_channels: int) -> "nn.Module":
    """Return the network that a plan describes, with fresh weights.

    Args:
        plan: what nnU-Net's planner made of the training images.
        n_channels: channels of the output.

    Returns:
        A network that maps (B, C, H, W), C the plan's input channels, to (B, n_channels, H, W) in evaluation, and in
        training to one such tensor a resolution, the finest first.
    """
    from cellarena.models.parts.nnunet import PlannedUNet

    return PlannedUNet(plan, n_channels)
