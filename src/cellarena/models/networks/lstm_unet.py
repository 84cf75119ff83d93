"""U-Net with convolutional LSTMs in the encoder (Arbelle & Riklin Raviv, ISBI 2019, arXiv 1805.11247)."""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from cellarena.models.networks.conv_lstm import ConvLSTM
from cellarena.models.networks.views import CoarseToFine

_N_COLOURS = 3
_WIDEST = 4


class LSTMUNet(nn.Module):
    """An encoder that remembers earlier frames, and a decoder that sees one.

    Every level is a ConvLSTM and two convolutions with normalisation and leaky ReLU, the first of stride 2 but in the
    last level. The decoder doubles the size by interpolation and joins the hidden state of the same size.

    Two things differ from the original. A strided convolution comes before the first level, since recurrence at full
    size would take most of the time; the decoder's last convolutions see the frame itself instead. And each image is
    normalised by itself, where the original normalises batches: after few steps of small batches the statistics that
    prediction would use are still wrong.

    Args:
        width: channels of the first level; the second has twice and the others four times as many.
        levels: how many resolutions have a memory; the first has half the size of the image.
        n_views: length of the sequence that a still image is made into.
        n_channels: channels of the output.
    """

    def __init__(self, width: int, levels: int, n_views: int, n_channels: int) -> None:
        super().__init__()
        widths = [width * min(2**level, _WIDEST) for level in range(levels)]
        self.views = CoarseToFine(n_views)
        self.stem = nn.Conv2d(_N_COLOURS, width, 3, stride=2, padding=1)
        self.memories = nn.ModuleList(ConvLSTM(n_in, n) for n_in, n in pairwise([width, *widths]))
        self.downs = nn.ModuleList(_convolutions(n, n, stride=2) for n in widths[:-1])
        self.deepest = _convolutions(widths[-1], widths[-1], stride=1)
        self.ups = nn.ModuleList(_convolutions(above + below, above, stride=1) for above, below in pairwise(widths))
        self.last = _convolutions(_N_COLOURS + width, width // 2, stride=1)
        self.head = nn.Conv2d(width // 2, n_channels, 1)

    def forward(self, images: Tensor) -> Tensor:
        """Return the output for still images, or for every frame of time-lapses.

        Args:
            images: (B, 3, H, W) float32 in [0, 1], each seen from coarse to fine; or (B, T, 3, H, W) sequences of
                frames in the order of time. H and W are multiples of 2 ** levels.

        Returns:
            (B, n_channels, H, W), or (B, T, n_channels, H, W) where a frame's output depends on no later frame.

        Raises:
            ValueError: if `images` has other than four or five axes.
        """
        if images.ndim == 4:
            return self._decoded([images, *(states[-1] for states in self._states(self.views(images)))])
        if images.ndim != 5:
            raise ValueError(f"input of shape {tuple(images.shape)}; expected (B, 3, H, W) or (B, T, 3, H, W)")
        frames = images.transpose(0, 1)
        output = self._decoded([maps.flatten(0, 1) for maps in (frames, *self._states(frames))])
        return output.unflatten(0, frames.shape[:2]).transpose(0, 1)

    def _states(self, frames: Tensor) -> list[Tensor]:
        """Return the hidden states (T, B, width, ...) of every level, from half the size of (T, B, 3, H, W) down."""
        states: list[Tensor] = []
        for step, memory in zip([self.stem, *self.downs], self.memories, strict=True):
            larger = states[-1] if states else frames
            states.append(memory(step(larger.flatten(0, 1)).unflatten(0, frames.shape[:2])))
        return states

    def _decoded(self, maps: Sequence[Tensor]) -> Tensor:
        """Return the output (N, n_channels, H, W) of frames (N, 3, H, W) followed by each level's hidden state."""
        features = self.deepest(maps[-1])
        for up, skip in zip([*reversed(self.ups), self.last], reversed(maps[:-1]), strict=True):
            larger = functional.interpolate(features, size=skip.shape[-2:], mode="bilinear", align_corners=False)
            features = up(torch.cat([skip, larger], dim=1))
        output: Tensor = self.head(features)
        return output


def _convolutions(n_in: int, n_out: int, stride: int) -> nn.Sequential:
    """Return two 3 x 3 convolutions, each with instance normalisation and leaky ReLU; the first has the stride."""
    layers: list[nn.Module] = []
    for n, step in ((n_in, stride), (n_out, 1)):
        convolution = nn.Conv2d(n, n_out, 3, stride=step, padding=1, bias=False)
        layers += [convolution, nn.InstanceNorm2d(n_out, affine=True), nn.LeakyReLU(inplace=True)]
    return nn.Sequential(*layers)
