"""nnU-Net's planner for 2-D images (Isensee et al., Nature Methods 2021, doi 10.1038/s41592-020-01008-z).

From the shapes of the training images and a memory budget follow patch, batch and network, as nnunetv2 2.8.1 plans its
configuration "2d" for images without physical spacing.
"""

import statistics
from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, PositiveInt, model_validator

from cellarena.models.planning.nnunet_topology import (
    MOST_FEATURES,
    HeightWidth,
    Strides,
    feature_elements,
    features,
    multiple,
    shrunk,
    topology,
)
from cellarena.section import Section

_LARGEST_PATCH = 2048
_SMALLEST_BATCH = 2
_FEWEST_STAGES = 3
# A budget of 8 GB is taken to hold a batch of 12 whose convolutions put out 85 million elements an image.
_REFERENCE_ELEMENTS = 85e6
_REFERENCE_BATCH = 12
_REFERENCE_GB = 8
_COVERED = 0.05
"""Share of the training pixels that one batch may hold."""
_SMALL_CROP = 3 / 4
"""Where cropping keeps less of the images than this, their zero pixels do not count in the normalisation."""


class Planning(Section):
    """The section `plan` of params.yaml: what the planner may spend."""

    memory_gb: float = Field(gt=0, le=1024)
    """Accelerator memory that training may take, by nnU-Net's estimate."""
    features: int = Field(ge=4, le=MOST_FEATURES)
    """Channels of the finest stage, nnU-Net's `UNet_base_num_features`: 32 as published; fewer train faster, and leave
    memory for larger patches and batches."""


class Plan(Section):
    """How an nnU-Net is built and fed; the content of plan.json."""

    patch: tuple[PositiveInt, PositiveInt]
    """Height and width of a training crop and of a prediction tile, in pixels."""
    batch: int = Field(ge=_SMALLEST_BATCH)
    """Crops in one optimizer step."""
    strides: tuple[tuple[PositiveInt, PositiveInt], ...] = Field(min_length=_FEWEST_STAGES)
    """Of the first convolution of each stage, from the finest stage to the coarsest."""
    kernels: tuple[tuple[PositiveInt, PositiveInt], ...]
    """Of the convolutions of each stage."""
    features: tuple[PositiveInt, ...]
    """Channels of each stage."""
    normalisation: tuple[Literal["z_score", "z_score_nonzero"], ...] = Field(min_length=1)
    """Of each input channel of an image: over all its pixels, or over its non-zero region with holes filled."""

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if not len(self.strides) == len(self.kernels) == len(self.features):
            raise ValueError("strides, kernels and features must name equally many stages")
        if any(side % step for side, step in zip(self.patch, self.multiple, strict=True)):
            raise ValueError(f"patch {self.patch} is no multiple of what the strides need, {self.multiple}")
        return self

    @property
    def n_stages(self) -> int:
        """Resolutions of the network, the coarsest among them."""
        return len(self.strides)

    @property
    def multiple(self) -> HeightWidth:
        """What height and width of the network's input must be multiples of."""
        return multiple(self.strides)


def plan(
    shapes: Sequence[HeightWidth], n_channels: int, n_classes: int, planning: Planning, relative_size: float = 1.0
) -> Plan:
    """Return the plan for a set of training images.

    Args:
        shapes: height and width of each training image after cropping to its non-zero pixels, at least one.
        n_channels: channels of the images, at least 1.
        n_classes: classes that the network tells apart, background among them.
        planning: the memory that training may take, and how many channels the network starts with.
        relative_size: median share of an image's pixels that the cropping kept, in (0, 1].

    Raises:
        ValueError: if there are no images, a number is out of range, or images or budget are too small for a network
            of three stages.
    """
    if not shapes:
        raise ValueError("no training images to plan for: the train subset is empty")
    if min(n_channels, n_classes, *map(min, shapes)) < 1:
        raise ValueError(
            f"cannot plan with {n_channels} channels, {n_classes} classes and images from "
            f"{min(map(min, shapes))} px on: all must be positive"
        )
    median = (statistics.median(height for height, _ in shapes), statistics.median(width for _, width in shapes))
    patch, strides = _fit(median, n_classes, planning)
    fitting = round(
        _budget(planning.memory_gb) / feature_elements(patch, strides, n_classes, planning.features) * _REFERENCE_BATCH
    )
    covering = round(len(shapes) * median[0] * median[1] * _COVERED / (patch[0] * patch[1]))
    return Plan(
        patch=patch,
        batch=max(min(fitting, covering), _SMALLEST_BATCH),
        strides=strides,
        kernels=((3, 3),) * len(strides),
        features=features(len(strides), planning.features),
        normalisation=("z_score_nonzero" if relative_size < _SMALL_CROP else "z_score",) * n_channels,
    )


def _fit(median: tuple[float, float], n_classes: int, planning: Planning) -> tuple[HeightWidth, Strides]:
    """Return the largest patch of which the smallest batch fits the budget, and its strides."""
    patch, strides = topology((min(median[0], _LARGEST_PATCH), min(median[1], _LARGEST_PATCH)))
    _refuse_shallow(patch, strides, median, planning.memory_gb)
    budget = _budget(planning.memory_gb)
    while feature_elements(patch, strides, n_classes, planning.features) / _REFERENCE_BATCH * _SMALLEST_BATCH > budget:
        patch, strides = topology(shrunk(patch, strides, median))
        _refuse_shallow(patch, strides, median, planning.memory_gb)
    return patch, strides


def _refuse_shallow(patch: HeightWidth, strides: Strides, median: tuple[float, float], memory_gb: float) -> None:
    if len(strides) < _FEWEST_STAGES or min(patch) < 1:
        raise ValueError(
            f"images of {median[0]:g}x{median[1]:g} px (median) and {memory_gb:g} GB leave a patch of "
            f"{patch[0]}x{patch[1]} px, too small for {_FEWEST_STAGES} stages: plan with larger images or more memory"
        )


def _budget(memory_gb: float) -> float:
    """Return the feature elements that fit the memory, for the reference batch."""
    return _REFERENCE_ELEMENTS * (memory_gb / _REFERENCE_GB)
