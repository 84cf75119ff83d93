"""The network of nnU-Net (Isensee et al., Nature Methods 2021, doi 10.1038/s41592-020-01008-z), from MONAI's blocks."""

from monai.networks.nets import DynUNet
from torch import Tensor, nn

from cellarena.models.planning.nnunet_plan import Plan


class PlannedUNet(nn.Module):
    """The U-Net that a plan describes; in training it also puts out a segmentation at each coarser resolution.

    A stage is two convolutions, each followed by instance normalisation and leaky ReLU (0.01); the first convolution
    of a stage carries its stride; transposed convolutions lead up again. The weights are drawn after He.

    The blocks are those of MONAI's DynUNet, which itself would upsample every coarse output to full resolution, and
    keep each weight under two names. Its convolutions have no bias: an instance normalisation follows, which would
    take it out again. The coarsest stage of the decoder has no head, as nnU-Net's loss weighs that output with 0.

    Args:
        plan: strides, kernels, features and the number of input channels.
        n_channels: channels of the output.
    """

    def __init__(self, plan: Plan, n_channels: int) -> None:
        super().__init__()
        blocks = DynUNet(
            spatial_dims=2,
            in_channels=len(plan.normalisation),
            out_channels=n_channels,
            kernel_size=plan.kernels,
            strides=plan.strides,
            upsample_kernel_size=plan.strides[1:],
            filters=plan.features,
            norm_name=("INSTANCE", {"affine": True}),
            act_name=("leakyrelu", {"inplace": True, "negative_slope": 0.01}),
            trans_bias=True,
        )
        self.encoder = nn.ModuleList([blocks.input_block, *blocks.downsamples, blocks.bottleneck])
        self.decoder = blocks.upsamples
        self.heads = nn.ModuleList([blocks.get_output_block(stage) for stage in range(plan.n_stages - 2)])
        self.heads.apply(DynUNet.initialize_weights)

    def forward(self, images: Tensor) -> Tensor | tuple[Tensor, ...]:
        """Return the segmentation; in training those of all resolutions.

        Args:
            images: (B, C, H, W) float, H and W multiples of the plan's `multiple`.

        Returns:
            In evaluation (B, channels, H, W). In training one such tensor for each of the n_stages - 2 finest
            resolutions, the finest (H, W) first.
        """
        decoded = self._decode(self._encode(images))
        if not self.training:
            finest: Tensor = self.heads[0](decoded[0])
            return finest
        return tuple(head(features) for head, features in zip(self.heads, decoded, strict=False))

    def _encode(self, images: Tensor) -> list[Tensor]:
        """Return the features of each stage, from the finest to the coarsest."""
        features = []
        for stage in self.encoder:
            images = stage(images)
            features.append(images)
        return features

    def _decode(self, encoded: list[Tensor]) -> list[Tensor]:
        """Return the features of each stage but the coarsest, from the finest on."""
        *skips, features = encoded
        decoded = []
        for stage, skip in zip(self.decoder, reversed(skips), strict=True):
            features = stage(features, skip)
            decoded.append(features)
        return decoded[::-1]
