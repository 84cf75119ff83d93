"""ImageNet weights for the ResNet encoders, as torchvision publishes them, and the colours that they learnt on."""

import torch
from torch import Tensor, nn

from cellarena.models.networks.resnet import ResNetEncoder
from cellarena.models.weights.pretrained import Published, Supplied, fill, read_published

# Mean and standard deviation of red, green and blue over ImageNet's images in [0, 1].
PIXEL_MEAN = (0.485, 0.456, 0.406)
PIXEL_STD = (0.229, 0.224, 0.225)

_COUNTS = ".num_batches_tracked"


class Standardised(nn.Module):
    """Images in [0, 1] with ImageNet's mean subtracted and divided by its standard deviation, channel by channel."""

    mean: Tensor
    std: Tensor

    def __init__(self) -> None:
        super().__init__()
        # Not persistent: constants are no weights, and stay out of a checkpoint.
        self.register_buffer("mean", torch.tensor(PIXEL_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(PIXEL_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, 3, H, W) for images (B, 3, H, W)."""
        return (images - self.mean) / self.std


def load_imagenet(encoder: ResNetEncoder, published: Published, file: Supplied) -> None:
    """Fill an encoder from the converted file; the classifier is left out, and the layers that the encoder has not.

    Args:
        encoder: of the width of the original; changed in place.
        published: what the file was converted from.
        file: the converted file.

    Raises:
        FileNotFoundError: if there is no such file.
        IntegrityError: if the file's hash is another, or if it was converted from any but the published file.
        ValueError: if it is no safetensors file or does not hold this encoder.
    """
    weights = read_published(file, published)
    layers = {name for name, _ in encoder.named_children()}
    kept = {name: tensor for name, tensor in weights.items() if name.partition(".")[0] in layers}
    # Files from before batch normalisation counted its batches lack the counts, which this momentum makes no use of.
    counts = {name: tensor for name, tensor in encoder.state_dict().items() if name.endswith(_COUNTS)}
    fill(encoder, counts | kept, file.path, published.fix, fresh=())
