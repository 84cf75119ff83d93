"""Many images by one model: one that was done is not done again, one that fails stops no other."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cellarena.datasets.reading.image_files import read_finite
from cellarena.faults import SecurityError
from cellarena.images.io import LabelImage, read_image, write_labels, write_png
from cellarena.images.overlays import outlined
from cellarena.registry.origins import Origin, file_sha256, read_origin
from cellarena.segmenting.found_images import label_file, overlay_file
from cellarena.segmenting.object_table import object_table
from cellarena.segmenting.outcomes import FAILED, REFUSED, SEGMENTED, UNCHANGED, Outcome
from cellarena.shell.running import progress

if TYPE_CHECKING:
    from cellarena.registry.opened import OpenRelease


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
