"""Random transforms that MONAI lacks, for the augmentation of nnU-Net; importing this module imports MONAI."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import torch
from monai.transforms import Affine, CenterSpatialCrop, RandomizableTransform

IMAGE, LABELS = "image", "labels"


class RandTurnedScaled(RandomizableTransform):
    """Cut a crop out of the middle of a window; now and then turned, and now and then scaled alike along both axes.

    A crop that is neither is cut out and not resampled. What lies outside the window is filled by reflection.

    Args:
        size: height and width of the crop.
        prob: chance of turning, and of scaling; the two are drawn independently.
        angle: largest angle in either direction, in radians.
        scale: range of how much more of the window a crop shows; above 1 objects become smaller.
    """

    def __init__(self, size: tuple[int, int], prob: float, angle: float, scale: tuple[float, float]) -> None:
        RandomizableTransform.__init__(self, prob=1)
        self._size = size
        self._chance = prob
        self._angle = angle
        self._scale = scale

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return `image` bilinearly and `labels` from the nearest pixel, each (C, height, width)."""
        turned, scaled = self.R.random_sample(2) < self._chance
        angle = self.R.uniform(-self._angle, self._angle) if turned else 0.0
        scale = self.R.uniform(*self._scale) if scaled else 1.0
        modes = {IMAGE: "bilinear", LABELS: "nearest"}
        return dict(data) | {key: self._cut(data[key], angle, scale, mode) for key, mode in modes.items()}

    def _cut(self, pixels: Any, angle: float, scale: float, mode: str) -> Any:
        if angle == 0 and scale == 1:
            return CenterSpatialCrop(self._size)(pixels)
        resampled = Affine(
            rotate_params=angle, scale_params=(scale, scale), spatial_size=self._size, mode=mode,
            padding_mode="reflection", image_only=True,
        )  # fmt: skip
        return resampled(pixels)


class RandInverted(RandomizableTransform):
    """With probability `prob` turn `image`, of intensities in [0, 1], into its negative."""

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the data with the negative of `image`, or as they are."""
        self.randomize(None)
        return {**data, IMAGE: 1 - data[IMAGE]} if self._do_transform else dict(data)


class RandEachChannel(RandomizableTransform):
    """With probability `prob` give each channel of `image`, (1, H, W), to a random transform of its own draw."""

    def __init__(self, transform: Any, prob: float) -> None:
        RandomizableTransform.__init__(self, prob=prob)
        self._transform = transform

    def set_random_state(
        self, seed: int | None = None, state: np.random.RandomState | None = None
    ) -> "RandEachChannel":
        """Seed the draws of this transform and of the one inside."""
        super().set_random_state(seed, state)
        self._transform.set_random_state(int(self.R.randint(2**32, dtype=np.uint32)))
        return self

    def __call__(self, data: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return the data with a changed `image`, or as they are."""
        self.randomize(None)
        if not self._do_transform:
            return dict(data)
        changed = [self._transform(channel[None]) for channel in torch.as_tensor(data[IMAGE])]
        return {**data, IMAGE: torch.cat(changed)}
