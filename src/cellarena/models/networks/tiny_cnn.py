"""A network of three convolutions, small enough to be looked at whole; it is no model of the catalog."""

from collections import OrderedDict

from torch import nn

_WIDTH = 8


def tiny_cnn(n_classes: int) -> nn.Sequential:
    """Return a network from (B, 3, H, W) to (B, n_classes, H, W) whose resolution never changes.

    Its kernels of 7, 5 and 5 pixels make every output depend on a window of 15 x 15 pixels.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(3, _WIDTH, 7, padding=3),
            relu1=nn.ReLU(),
            conv2=nn.Conv2d(_WIDTH, _WIDTH, 5, padding=2),
            relu2=nn.ReLU(),
            conv3=nn.Conv2d(_WIDTH, n_classes, 5, padding=2),
        )
    )
