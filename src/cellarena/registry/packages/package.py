"""What a release of a model holds: one folder with all that it takes to load it, to prove it and to judge it.

package.json          what it is, and the sha256 of every other file
README.md             the model card
checkpoints/RUN/      model.json and model.safetensors; of an ensemble its card, its members beside it
validation/ID.png     8-bit RGB crops of validation images
validation/ID.tiff    the objects that the model found in them when it was packed
scores.csv            F1 of every test image
"""

import json
from pathlib import Path, PurePosixPath
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from cellarena.faults import IntegrityError
from cellarena.files import write_bytes
from cellarena.images.io import file_sha256
from cellarena.section import Section

NAME = "package.json"
_Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Score(Section):
    """Mean F1 at IoU 0.5 over the test images, and the BCa interval of these weights on other images."""

    protocol: str
    mean: float | None
    low: float | None
    high: float | None
    n_expected: int
    n_covered: int


class Licence(Section):
    """What the model may be used for, and whence that follows."""

    name: str
    """SPDX names joined by AND, or `unknown`."""
    is_non_commercial: bool
    parents: dict[str, str]
    """The licence of each thing that it was made from."""


class Data(Section):
    """The data that it learnt from and was judged on."""

    source: str
    subsets: dict[str, _Sha256]
    """The sha256 of the manifest of the arm, of val and of test; a manifest holds the hash of every image."""
    n_images: dict[str, int]
    channels: list[list[str]] = Field(default_factory=list)
    """The names of the channels of each kind of image that it learnt from; none in packages that did not say it."""


class Package(Section):
    """The content of package.json."""

    format: Literal[1] = 1
    run: str = Field(pattern="^[a-z0-9_]+-[a-z0-9_]+-[0-9]+$")
    variant: str
    score: Score
    licence: Licence
    data: Data
    libraries: dict[str, str]
    files: dict[str, _Sha256]

    @property
    def checkpoint(self) -> PurePosixPath:
        """The folder of the checkpoint to load, relative to the package."""
        return PurePosixPath("checkpoints") / self.run

    @property
    def weights(self) -> dict[str, str]:
        """The sha256 of the cards and weights that it predicts by, by the names of their folder and file."""
        inside = "checkpoints/"
        return {name.removeprefix(inside): sha for name, sha in self.files.items() if name.startswith(inside)}


def write_package(package: Package, folder: Path) -> None:
    """Write package.json: sorted keys, strict JSON."""
    content = json.dumps(package.model_dump(mode="json"), indent=2, sort_keys=True, allow_nan=False)
    write_bytes(content.encode() + b"\n", folder / NAME)


def read_package(folder: Path) -> Package:
    """Return the package in a folder.

    Raises:
        FileNotFoundError: if there is no package.json.
        ValueError: if it is damaged or of another format.
    """
    path = folder / NAME
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such package; run `dvc repro` or `dvc pull`")
    try:
        return Package.model_validate_json(path.read_bytes(), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ValueError(f"{path}: not a package of this project ({where}: {first['msg']})") from error


def hashes_of(folder: Path) -> dict[str, str]:
    """Return the sha256 of every file of a package but package.json, by relative path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {path.relative_to(folder).as_posix(): file_sha256(path) for path in files}


def refuse_changed(package: Package, folder: Path) -> None:
    """Raise an IntegrityError unless a folder holds the files of a package, these bytes and no others."""
    promised, found = package.files, hashes_of(folder)
    for name in sorted(promised.keys() | found.keys()):
        if name not in found:
            raise IntegrityError(f"{folder / name}: is missing, package.json promises it")
        if name not in promised:
            raise IntegrityError(f"{folder / name}: package.json knows no such file")
        if promised[name] != found[name]:
            raise IntegrityError(f"{folder / name}: sha256 is {found[name]}, package.json says {promised[name]}")
