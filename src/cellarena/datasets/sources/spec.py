"""What a source is: something that yields annotated images under a licence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from pydantic import Field

from cellarena.catalog import Catalog
from cellarena.images.channels import SEPARATOR
from cellarena.images.io import LabelImage, content_sha256
from cellarena.images.labels import consecutive
from cellarena.images.picture import Choice, Image
from cellarena.records import Record
from cellarena.section import Section


class Simulation(Section):
    """The simulated source."""

    images: int = Field(ge=4)
    """How many images, the four modalities in turn."""
    seed: int = Field(ge=0)


class Plane(Section):
    """Which picture of a stack or time-lapse is meant, counted from 1; null where there is only one."""

    z: int | None = Field(default=None, ge=1)
    t: int | None = Field(default=None, ge=1)


LabelKind = Literal["instances", "binary", "pieces", "colours", "unchecked"]


class Acquisition(Section):
    """The section `acquire` of params.yaml."""

    source: str
    """A name of the catalog of sources."""
    root: Path
    """The folder that the source `folder` reads; the others leave it alone."""
    licence: str
    """The licence of the images under `root`; public sources and the simulation know their own."""
    max_pixels: int = Field(ge=1)
    """An image that declares more pixels than this is refused before memory is taken for it."""
    simulated: Simulation
    channels: list[str | int] = Field(default=[], max_length=3)
    """Names or numbers (from 1) of the channels that become red, green and blue; one becomes grey; all if empty."""
    plane: Plane = Plane()
    labels: LabelKind = "instances"
    """What the numbers of label images mean."""
    background: int = Field(default=0, ge=0)
    """The number of label images that is background beside 0."""
    ignore: int | None = Field(default=None, ge=1)
    """The number of label images where nobody annotated."""

    @property
    def choice(self) -> Choice:
        """What is wanted of an image file."""
        return Choice(self.max_pixels, tuple(map(str, self.channels)), z=self.plane.z, t=self.plane.t)


@dataclass(frozen=True)
class Sample:
    """One annotated image in memory."""

    id: str  # the record's
    image: Image  # (H, W) or (H, W, C)
    labels: LabelImage  # (H, W)
    modality: str  # "unknown" if nobody says
    group: str = ""  # what must not be torn apart by a split
    subset: str = ""  # "train", "val" or "test" where it is fixed
    channel_names: tuple[str, ...] = ()
    pixel_size: tuple[float, float] | None = None  # height and width of a pixel (µm)
    ignored: npt.NDArray[np.bool_] | None = None  # (H, W), where nobody annotated; None if all of it was


@dataclass(frozen=True)
class Source:
    """A named origin of samples. `licence` None means: as the section `acquire` says."""

    samples: Callable[[Acquisition], Iterator[Sample]]
    citation: str
    licence: str | None = None


SOURCES: Catalog[Source] = Catalog("source", "cellarena.datasets.sources")


def describe(sample: Sample, image: str, labels: str, source: str, licence: str, ignored: str = "") -> Record:
    """Return the record of a sample whose image, labels and ignored pixels lie there, relative to the manifest."""
    height, width = sample.labels.shape
    pixel_height, pixel_width = sample.pixel_size or (None, None)
    return Record(
        id=sample.id,
        image=image,
        labels=labels,
        modality=sample.modality,
        group=sample.group,
        subset=sample.subset,
        height=height,
        width=width,
        channels=1 if sample.image.ndim == 2 else sample.image.shape[2],
        dtype=str(sample.image.dtype),
        n_objects=int(consecutive(sample.labels).max(initial=0)),
        sha256=content_sha256(sample.image),
        labels_sha256=content_sha256(sample.labels),
        source=source,
        licence=licence,
        channel_names=SEPARATOR.join(sample.channel_names),
        pixel_height=pixel_height,
        pixel_width=pixel_width,
        ignored=ignored,
        n_ignored=0 if sample.ignored is None else int(np.count_nonzero(sample.ignored)),
    )
