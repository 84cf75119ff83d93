"""What a predicted label image says of itself: JSON in the ImageDescription of its TIFF file."""

import json
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationError

from cellarena.images.io import LabelImage, content_sha256, file_sha256, read_description
from cellarena.section import Section

_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
_Line = Annotated[str, Field(max_length=1024, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
_RUN = "[a-z0-9_]+-[a-z0-9_]+-[0-9]+"
_WeightsFile = Annotated[str, Field(max_length=250, pattern=f"^{_RUN}/model[.][a-z]+$")]


class FromRelease(Section):
    """The release that segmented an image."""

    name: Annotated[str, Field(max_length=100, pattern="^[a-z][a-z0-9-]*[a-z0-9]$")]
    version: Annotated[str, Field(max_length=40, pattern=r"^v[0-9]+\.[0-9]+\.[0-9]+$")]
    commit: Annotated[str, Field(pattern="^[0-9a-f]{40}$")]
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}\.dir$")]
    """Of its package, as dvc.lock of that commit names it."""
    address: _Line
    """Of its git repository, without credentials; empty for a clone that came from nowhere."""


class Origin(Section):
    """What made a label image, and of what."""

    format: Literal[1] = 1
    software: _Line
    run: Annotated[str, Field(max_length=200, pattern=f"^{_RUN}$")]
    weights: Annotated[dict[_WeightsFile, _Sha256], Field(max_length=100)]
    """The sha256 of the card and the weights, of an ensemble those of its members too; none for a method without."""
    image: _Line
    """Name of the file that was segmented."""
    image_sha256: _Sha256
    """Of that file."""
    labels_sha256: _Sha256
    """Of the labels: `labels_sha256`."""
    release: FromRelease | None = None
    channels: Annotated[list[_Line], Field(max_length=3)] = Field(default_factory=list)
    """Of the image, as somebody chose them."""

    def describe(self) -> str:
        """Return it as ASCII JSON; the same origin gives the same text."""
        aside = None if self.channels else {"channels"}
        return json.dumps(self.model_dump(mode="json", exclude=aside), sort_keys=True)

    def is_as(self, other: "Origin") -> bool:
        """Return whether another says the same; one repository may be reached at many addresses."""
        return _without_address(self) == _without_address(other)


def _without_address(origin: Origin) -> Origin:
    release = origin.release and origin.release.model_copy(update={"address": ""})
    return origin.model_copy(update={"release": release})


def labels_sha256(labels: LabelImage) -> str:
    """Return the sha256 of the shape and the values of a label image, whatever integers it is stored as."""
    return content_sha256(labels.astype(np.uint64))


def software() -> str:
    """Return name and version of this program."""
    return f"cellarena {version('cellarena')}"


def weights_of(folders: Iterable[Path]) -> dict[str, str]:
    """Return the sha256 of the cards and weights in checkpoint folders, by the names of folder and file."""
    files = (path for folder in folders for path in (folder / "model.json", folder / "model.safetensors"))
    return {f"{path.parent.name}/{path.name}": file_sha256(path) for path in sorted(files) if path.is_file()}


def read_origin(path: Path) -> Origin | None:
    """Return what a TIFF file says of its origin, None if it says nothing that this program wrote.

    Whoever made the file wrote it: it is a claim, to be compared with a repository.
    """
    text = read_description(path)
    try:
        return Origin.model_validate_json(text, strict=True)
    except ValidationError:
        return None
