"""What a source is: something that yields annotated images under a licence."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from cellarena.catalog import Catalog
from cellarena.images.io import Image, LabelImage, content_sha256
from cellarena.records import Record


class Simulation(BaseModel):
    """The simulated source."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: int = Field(ge=4)
    """How many images, the four modalities in turn."""
    seed: int = Field(ge=0)


class Acquisition(BaseModel):
    """The section `acquire` of params.yaml."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    """A name of the catalog of sources."""
    root: Path
    """The folder that the source `folder` reads; the others leave it alone."""
    licence: str
    """The licence of the images under `root`; public sources and the simulation know their own."""
    max_pixels: int = Field(ge=1)
    """An image that declares more pixels than this is refused before memory is taken for it."""
    simulated: Simulation


@dataclass(frozen=True)
class Sample:
    """One annotated image in memory: image (H, W) or (H, W, C), labels (H, W), and what is known about them."""

    id: str
    image: Image
    labels: LabelImage
    modality: str
    group: str = ""
    subset: str = ""


@dataclass(frozen=True)
class Source:
    """A named origin of samples. `licence` None means: as the section `acquire` says."""

    samples: Callable[[Acquisition], Iterator[Sample]]
    citation: str
    licence: str | None = None


SOURCES: Catalog[Source] = Catalog("source", "cellarena.datasets.sources")


def describe(sample: Sample, image: str, labels: str, source: str, licence: str) -> Record:
    """Return the record of a sample whose files lie at `image` and `labels`, relative to the manifest."""
    height, width = sample.labels.shape
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
        n_objects=int(np.count_nonzero(np.unique(sample.labels))),
        sha256=content_sha256(sample.image),
        labels_sha256=content_sha256(sample.labels),
        source=source,
        licence=licence,
    )
