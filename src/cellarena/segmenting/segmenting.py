"""Many images by one model: what is written, what is not done again, what failed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pandas as pd

from cellarena.datasets.pairs import read_finite
from cellarena.faults import SecurityError
from cellarena.images.io import LabelImage, read_image, write_labels, write_png
from cellarena.images.overlays import outlined
from cellarena.images.picture import PixelSize
from cellarena.registry.object_table import OBJECTS, joined, object_table
from cellarena.registry.origins import Origin, file_sha256, read_origin
from cellarena.segmenting.found_images import label_file, overlay_file
from cellarena.shell.running import progress
from cellarena.tables import integers, numbers, schema, texts

if TYPE_CHECKING:
    from cellarena.registry.opened import OpenRelease

SEGMENTED, UNCHANGED, FAILED, REFUSED = "segmented", "unchanged", "failed", "refused"
IMAGES = schema(
    "segmented images", "Every image of one call of segment, whatever became of it",
    texts("image", "name of its file"),
    texts("status", "what became of it", SEGMENTED, UNCHANGED, FAILED, REFUSED),
    texts("reason?", "why it was not segmented"),
    integers("n_objects?", "found; empty where it was not segmented"),
    texts("image_sha256?, labels_sha256?", "of the image's file, and of its label image"),
    numbers("pixel_height_um?, pixel_width_um?", "of a pixel; empty where the file says nothing of it", "µm"),
)  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """What became of an image.

    Attributes:
        image: its file's name.
        status: segmented, unchanged (its label image was there already), failed or refused.
        reason: why it was not segmented, else empty.
        origin: what its label image says of itself, None if there is none.
        pixel_size: height and width of a pixel (µm), None if its file says nothing of it.
        objects: its rows of the table of objects.
    """

    image: str
    status: str
    reason: str = ""
    origin: Origin | None = None
    pixel_size: PixelSize | None = None
    objects: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=OBJECTS.names))


def segment_all(
    model: "OpenRelease", images: Sequence[Path], channels: Sequence[str], out: Path, overlays: bool
) -> list[Outcome]:
    """Segment images one after the other; one that fails does not stop the others.

    Args:
        model: an open release.
        images: whose outputs have names of their own.
        channels: names, or numbers from 1, of those to use; empty for those that the model learnt from.
        out: the folder to write to.
        overlays: whether outlines are drawn, too.
    """
    outcomes = []
    for image in progress(images, f"segmenting with {model.release.name}@{model.release.version}", len(images)):
        try:
            outcomes.append(_segmented(model, image, channels, out, overlays))
        except (ValueError, RuntimeError, MemoryError, SecurityError, FileNotFoundError, PermissionError) as error:
            _remove(image, out)
            reason = " ".join(str(error).split()).removeprefix(f"{image}: ") or type(error).__name__
            outcomes.append(Outcome(image.name, REFUSED if isinstance(error, SecurityError) else FAILED, reason))
            click.echo(f"{image}: not segmented ({reason})", err=True)
    return outcomes


def _remove(image: Path, out: Path) -> None:
    """Remove what an earlier call wrote: beside an image that failed it would pass for its segmentation."""
    for path in (label_file(image, out), overlay_file(image, out)):
        path.unlink(missing_ok=True)


def _segmented(model: "OpenRelease", image: Path, channels: Sequence[str], out: Path, overlays: bool) -> Outcome:
    if not image.exists():
        raise ValueError("a link that points at nothing; restore the file that it names")
    sign = partial(model.origin_of, image.name, file_sha256(image), channels=channels)
    choice = model.choice(channels)
    picture = read_finite(image, choice)
    target, drawn = label_file(image, out), overlay_file(image, out)
    status, origin, labels = UNCHANGED, *_kept(sign, target)
    if origin is None or labels is None:
        labels = model.segment_picture(picture, choice)
        drawn.unlink(missing_ok=True)
        origin = sign(labels)
        write_labels(labels, target, origin.describe(), picture.pixel_size)
        status = SEGMENTED
    if overlays and not drawn.is_file():
        write_png(outlined(model.as_seen(picture.pixels), labels), drawn)
    objects = object_table(image.name, labels, picture)
    return Outcome(image.name, status, origin=origin, pixel_size=picture.pixel_size, objects=objects)


def _kept(sign: Callable[[LabelImage], Origin], target: Path) -> tuple[Origin | None, LabelImage | None]:
    """Return the label image that an earlier call wrote of this very file with this very release, and its origin."""
    known = read_origin(target) if target.is_file() else None
    if known is None:
        return None, None
    try:
        labels = read_image(target)
    except ValueError:
        return None, None
    return (known, labels) if known.is_as(sign(labels)) else (None, None)


def write_tables(outcomes: Sequence[Outcome], out: Path) -> None:
    """Write objects.csv and images.csv, a row for each image whatever became of it."""
    OBJECTS.write(joined([outcome.objects for outcome in outcomes]), out / "objects.csv")
    rows = [
        {
            "image": o.image, "status": o.status, "reason": o.reason, "n_objects": len(o.objects) if o.origin else None,
            "image_sha256": o.origin.image_sha256 if o.origin else "",
            "labels_sha256": o.origin.labels_sha256 if o.origin else "",
            **dict(zip(("pixel_height_um", "pixel_width_um"), o.pixel_size or (None, None), strict=True)),
        }
        for o in sorted(outcomes, key=lambda o: o.image)
    ]  # fmt: skip
    sizes = dict.fromkeys(("pixel_height_um", "pixel_width_um"), float)
    IMAGES.write(pd.DataFrame(rows).astype({"n_objects": "Int64"}).astype(sizes), out / "images.csv")
