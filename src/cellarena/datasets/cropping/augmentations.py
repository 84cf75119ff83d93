"""How training crops are varied: MONAI's random transforms, by the name that a model's hyperparameters choose.

Each entry maps the (height, width) of a crop to transforms of a dictionary of `image` (3, S, S) float32 and `labels`
(1 or 2, S, S) float32, S about twice the crop's side, to `image` and `labels` of that size. What they draw is decided
by `Compose.set_random_state`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from monai.transforms import Compose

_BOTH = ("image", "labels")
# nnU-Net turns patches that are longer than this by little: their corners would leave the window.
_LONG = 1.5


def geometric(size: tuple[int, int]) -> "Compose":
    """Return rotation, flip and a scale of up to a quarter more or less, in one resampling; intensities stay.

    Short trainings see few crops of each image: there intensities that vary too are more to learn and no help.
    """
    from monai import transforms

    return transforms.Compose(_moved(size, 0.25))


def strong(size: tuple[int, int]) -> "Compose":
    """Return rotation, flip and a scale of up to 0.4 more or less, then intensity changes; images stay in [0, 1]."""
    from monai import transforms

    from cellarena.datasets.cropping.random_transforms import RandInverted

    return transforms.Compose([
        *_moved(size, 0.4),
        transforms.RandAdjustContrastd("image", prob=0.3, gamma=(0.6, 1.6)),
        transforms.RandScaleIntensityd("image", factors=0.25, prob=0.3),
        transforms.RandShiftIntensityd("image", offsets=0.1, prob=0.3),
        transforms.RandGaussianSmoothd("image", sigma_x=(0.3, 1.2), sigma_y=(0.3, 1.2), prob=0.15),
        transforms.RandGaussianNoised("image", prob=0.2, std=0.06),
        RandInverted(prob=0.1),
        _clamped,
    ])  # fmt: skip


def _moved(size: tuple[int, int], scale: float) -> list[Any]:
    from monai import transforms

    turned = transforms.RandAffined(
        _BOTH, prob=1, rotate_range=np.pi, scale_range=(-scale, scale), spatial_size=size,
        mode=("bilinear", "nearest"), padding_mode="reflection",
    )  # fmt: skip
    return [turned, transforms.RandFlipd(_BOTH, prob=0.5, spatial_axis=0)]


def _clamped(data: dict[str, Any]) -> dict[str, Any]:
    return {**data, "image": data["image"].clamp(0, 1)}


def nnunet(size: tuple[int, int]) -> "Compose":
    """Return nnU-Net's list in its order and with its probabilities; images are z-scored.

    After the trainer of nnunetv2 2.8.1 (Isensee et al., Nature Methods 2021, doi 10.1038/s41592-020-01008-z). What it
    calls the variance of the noise it uses as its standard deviation; so here. Its noise is the same in all channels,
    here each has its own. Outside the image it sees zeros, here the reflected image.
    """
    from monai import transforms

    from cellarena.datasets.cropping.random_transforms import RandEachChannel, RandTurnedScaled

    blur = transforms.RandGaussianSmooth(sigma_x=(0.5, 1), sigma_y=(0.5, 1), prob=0.5)
    coarse = transforms.RandSimulateLowResolution(
        prob=0.5, downsample_mode="nearest-exact", upsample_mode="bilinear", zoom_range=(0.5, 1)
    )
    angle = np.pi if max(size) <= _LONG * min(size) else np.pi / 12
    return transforms.Compose([
        RandTurnedScaled(size, prob=0.2, angle=angle, scale=(0.7, 1.4)),
        transforms.RandGaussianNoised("image", prob=0.1, std=0.1),
        RandEachChannel(blur, prob=0.2),
        RandEachChannel(transforms.RandScaleIntensity(factors=0.25, prob=1), prob=0.15),
        RandEachChannel(transforms.RandScaleIntensityFixedMean(factors=0.25, prob=1, preserve_range=True), prob=0.15),
        RandEachChannel(coarse, prob=0.25),
        RandEachChannel(_gamma(of_inverted=True), prob=0.1),
        RandEachChannel(_gamma(of_inverted=False), prob=0.3),
        transforms.RandFlipd(_BOTH, prob=0.5, spatial_axis=0),
        transforms.RandFlipd(_BOTH, prob=0.5, spatial_axis=1),
    ])  # fmt: skip


def _gamma(*, of_inverted: bool) -> Any:
    """Return a gamma from 0.7 to 1.5, as often below 1 as above it, that keeps mean and standard deviation."""
    from monai import transforms

    return transforms.OneOf([
        transforms.RandAdjustContrast(prob=1, gamma=span, invert_image=of_inverted, retain_stats=True)
        for span in ((0.7, 1), (1, 1.5))
    ])  # fmt: skip


AUGMENTATIONS: dict[str, "Callable[[tuple[int, int]], Compose]"] = {
    "geometric": geometric,
    "strong": strong,
    "nnunet": nnunet,
}
