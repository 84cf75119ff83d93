"""ResNet-50 as an encoder (He et al., CVPR 2016, arXiv 1512.03385), narrow, wide or as published.

MONAI's ResNet widens a network's outputs, not its bottlenecks, and puts out the last feature map only. Weights have
the names that torchvision gives them.
"""

from itertools import pairwise

from torch import Tensor, nn

BLOCKS = (3, 4, 6, 3)
_EXPANSION = 4


class ResNetEncoder(nn.Module):
    """The convolutional part of a ResNet with bottlenecks, stride in the 3 x 3 convolution.

    Args:
        width: channels after the first convolution; 64 in ResNet-50.
        blocks: how many bottlenecks each layer has.
        widening: factor of the channels inside a bottleneck; 2 in Wide-ResNet-50 (Zagoruyko & Komodakis, BMVC 2016).
    """

    def __init__(self, width: int, blocks: tuple[int, ...], widening: int) -> None:
        super().__init__()
        self.widths = [width, *(width * _EXPANSION * 2**depth for depth in range(len(blocks)))]
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        for depth, (n_in, n_out) in enumerate(pairwise(self.widths)):
            inner = n_out // _EXPANSION * widening
            first = Bottleneck(n_in, inner, n_out, stride=1 if depth == 0 else 2)
            others = (Bottleneck(n_out, inner, n_out, stride=1) for _ in range(blocks[depth] - 1))
            self.add_module(f"layer{depth + 1}", nn.Sequential(first, *others))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, images: Tensor) -> list[Tensor]:
        """Return the feature maps of images (B, 3, H, W): `widths[k]` channels at 1 / 2 ** (k + 1) of the size."""
        features = [self.relu(self.bn1(self.conv1(images)))]
        inside = self.maxpool(features[0])
        for depth in range(1, len(self.widths)):
            inside = self.get_submodule(f"layer{depth}")(inside)
            features.append(inside)
        return features


class Bottleneck(nn.Module):
    """Three convolutions, 1 x 1, 3 x 3 and 1 x 1, added to their input.

    Args:
        n_in: channels of the input.
        n_inner: channels between the convolutions.
        n_out: channels of the output.
        stride: of the second convolution.
    """

    def __init__(self, n_in: int, n_inner: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_inner)
        self.conv2 = nn.Conv2d(n_inner, n_inner, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_inner)
        self.conv3 = nn.Conv2d(n_inner, n_out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(n_out)
        self.relu = nn.ReLU(inplace=True)
        self.downsample: nn.Sequential | None = None
        if n_in != n_out or stride != 1:
            projection = nn.Conv2d(n_in, n_out, 1, stride=stride, bias=False)
            self.downsample = nn.Sequential(projection, nn.BatchNorm2d(n_out))

    def forward(self, features: Tensor) -> Tensor:
        """Return (B, n_out, H / stride, W / stride) for features (B, n_in, H, W)."""
        shortcut = features if self.downsample is None else self.downsample(features)
        inner = self.relu(self.bn1(self.conv1(features)))
        inner = self.relu(self.bn2(self.conv2(inner)))
        output: Tensor = self.relu(self.bn3(self.conv3(inner)) + shortcut)
        return output
