"""What became of the images that were to be segmented: as tables, in a line, and as an exit code."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from cellarena.datasets.names import listed
from cellarena.faults import PartialError, SecurityError
from cellarena.images.origins import Origin
from cellarena.images.picture import PixelSize
from cellarena.segmenting.object_table import OBJECTS, joined
from cellarena.tables import integers, numbers, schema, texts

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
    """What became of the image in a file of that name, with its rows of the table of objects."""

    image: str
    status: str
    reason: str = ""
    """Why it was not segmented, else empty."""
    origin: Origin | None = None
    """What its label image says of itself, None if there is none."""
    pixel_size: PixelSize | None = None
    objects: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=OBJECTS.names))


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


def summary(outcomes: Sequence[Outcome], folder: Path) -> str:
    """Return in a line how many images were segmented or unchanged, and how many objects they hold."""
    counts = ", ".join(f"{sum(o.status == status for o in outcomes)} {status}" for status in (SEGMENTED, UNCHANGED))
    return f"{folder}: {counts}, {sum(len(o.objects) for o in outcomes)} objects"


def refuse_failed(outcomes: Sequence[Outcome], folder: Path) -> None:
    """Do nothing if every image has a label image.

    Raises:
        SecurityError: if an image was refused.
        PartialError: if one failed.
    """
    if failed := [outcome for outcome in outcomes if outcome.reason]:
        names = listed(f"{outcome.image} ({outcome.reason})" for outcome in failed)
        line = f"{len(failed)} of {len(outcomes)} images not segmented: {names}; the others are in {folder}"
        raise SecurityError(line) if any(o.status == REFUSED for o in failed) else PartialError(line)
