"""A data set as tables: what each image holds, and what the images of each modality have in common."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.datasets.describing.measures import class_shares, measure_channels, measure_objects
from cellarena.datasets.describing.tables import (
    ALL,
    CLASSES,
    CLIPPED,
    NEAR_DUPLICATES,
    SUBSET_MEMBERS,
)
from cellarena.datasets.splitting.splits import SUBSETS
from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.records import Record
from cellarena.targets.three_class import ThreeClass

_MEGAPIXEL = 1e6
Ignored = npt.NDArray[np.bool_]
_QUANTILES = {"area_p05": 0.05, "area_p25": 0.25, "area_median": 0.5, "area_p75": 0.75, "area_p95": 0.95}


@dataclass(frozen=True)
class Measured:
    """What was measured of one image: a row of the images, and its rows of the objects and of the channels."""

    image: Mapping[str, Any]
    objects: pd.DataFrame
    channels: pd.DataFrame


def measure(
    record: Record, subset: str, image: Image, labels: LabelImage, ignored: Ignored | None, target: ThreeClass
) -> Measured:
    """Return what one annotated image, (H, W) or (H, W, C) as acquired, holds.

    `ignored` is true where nobody annotated, None if all of it was; `target` says how wide the boundary class is.

    Raises:
        ValueError: if image and labels differ in size.
    """
    if image.shape[:2] != labels.shape:
        raise ValueError(f"{record.id}: image {image.shape[:2]} and labels {labels.shape} differ in size")
    objects, channels = measure_objects(labels), measure_channels(image)
    height, width = record.pixel_size or (np.nan, np.nan)
    objects = objects.assign(area_um2=objects["area"] * height * width)
    names = {"image": record.id, "modality": record.modality, "subset": subset}
    annotated = np.ones(labels.shape, bool) if ignored is None else ~ignored
    n_annotated = np.count_nonzero(annotated)
    row = {
        **names,
        "group": record.group,
        "height": labels.shape[0],
        "width": labels.shape[1],
        "channels": len(channels),
        "dtype": str(image.dtype),
        "bits": 1 if image.dtype.kind == "b" else image.dtype.itemsize * 8,
        "megapixels": labels.size / _MEGAPIXEL,
        "pixel_height_um": height,
        "pixel_width_um": width,
        "n_ignored": labels.size - n_annotated,
        "n_objects": len(objects),
        "n_inner": int((~objects["cut"]).sum()),
        "density": len(objects) / (n_annotated / _MEGAPIXEL) if n_annotated else np.nan,
        "area_median": objects["area"].median(),
        "touching": objects["touching"].astype(float).mean(),
        **class_shares(labels, annotated, target),
    }
    objects, channels = (
        pd.concat([pd.DataFrame(names, index=table.index, dtype=object), table], axis=1)
        for table in (objects, channels)
    )
    return Measured(row, objects, channels)


def near_duplicates(leakage: Mapping[str, Any], records: Sequence[Record]) -> pd.DataFrame:
    """Return the images that have a near-duplicate, the columns of NEAR_DUPLICATES.

    Raises:
        KeyError: if the content of leakage.json lacks a key or names an image that is not among the records.
    """
    modality_of = {record.id: record.modality for record in records}
    rows = [
        (number, image, modality_of[image], subset, len(group["images"]))
        for number, group in enumerate(leakage["near_duplicates"], start=1)
        for image, subset in sorted(group["images"].items())
    ]
    return pd.DataFrame(rows, columns=NEAR_DUPLICATES.names)


def summary(images: pd.DataFrame, objects: pd.DataFrame, duplicates: pd.DataFrame) -> pd.DataFrame:
    """Return one row per modality, and one of all images at the end, from the rows of `Measured` and `near_duplicates`.

    Returns:
        The columns of SUMMARY; NaN where there is no object.
    """
    rows = [
        _summary_row(name, images[chosen], objects[objects["image"].isin(images.loc[chosen, "image"])], duplicates)
        for name, chosen in _parts(images)
    ]
    return pd.DataFrame(rows)


def _parts(table: pd.DataFrame) -> Iterator[tuple[str, "pd.Series[bool]"]]:
    for modality in sorted(table["modality"].unique()):
        yield modality, table["modality"] == modality
    yield ALL, pd.Series(data=True, index=table.index)


def _summary_row(name: str, images: pd.DataFrame, objects: pd.DataFrame, duplicates: pd.DataFrame) -> dict[str, Any]:
    cells, pixels = images["n_objects"], images["megapixels"]
    sides = images[["pixel_height_um", "pixel_width_um"]].itertuples(index=False)
    sizes = pd.Series([_pixel_size(*pair) for pair in sides], dtype=str).value_counts().sort_index()
    known = images[images["n_ignored"] < pixels * _MEGAPIXEL]
    weights = known["megapixels"] - known["n_ignored"] / _MEGAPIXEL
    return {
        "modality": name,
        "n_images": len(images),
        **{f"n_{subset}": int((images["subset"] == subset).sum()) for subset in SUBSETS},
        "n_near_duplicates": int(images["image"].isin(duplicates["image"]).sum()),
        "n_sizes": len(images[["height", "width"]].drop_duplicates()),
        "megapixels_median": pixels.median(),
        **{kind: "/".join(map(str, sorted(images[kind].unique()))) for kind in ("bits", "channels")},
        "n_pixel_sizes": len(sizes),
        "pixel_sizes": ", ".join(f"{size} ({n})" for size, n in sizes.items()),
        "n_objects": len(objects),
        "n_empty": int((cells == 0).sum()),
        **{f"cells_{name}": cells.agg(name) for name in ("min", "median", "max")},
        "density_median": images["density"].median(),
        **{column: objects["area"].quantile(level) for column, level in _QUANTILES.items()},
        "diameter_median": objects["diameter"].median(),
        **{kind: objects[kind].astype(float).mean() for kind in ("touching", "cut")},
        "n_in_pieces": int((objects["n_pieces"] > 1).sum()),
        **{kind: float(np.average(known[kind], weights=weights)) if len(known) else np.nan for kind in CLASSES},
        "n_ignored": int(images["n_ignored"].sum()),
    }


def _pixel_size(height: float, width: float) -> str:
    if np.isnan(height):
        return "unknown"
    return f"{height:.4g} µm" if f"{height:.4g}" == f"{width:.4g}" else f"{height:.4g} x {width:.4g} µm"


def formats(images: pd.DataFrame) -> pd.DataFrame:
    """Return how many images each modality has of each size and pixel type."""
    kinds = ["modality", "height", "width", "channels", "dtype"]
    return images.groupby(kinds).size().rename("n_images").reset_index().sort_values(kinds, ignore_index=True)


def subset_members(images: pd.DataFrame) -> pd.DataFrame:
    """Return images and objects of each modality in each subset; a subset without any is a row of zeros."""
    rows = []
    for name, chosen in _parts(images):
        for subset in SUBSETS:
            members = images[chosen & (images["subset"] == subset)]
            rows.append((name, subset, len(members), int(members["n_objects"].sum())))
    return pd.DataFrame(rows, columns=SUBSET_MEMBERS.names)


def intensity_summary(channels: pd.DataFrame, images: pd.DataFrame) -> pd.DataFrame:
    """Return one row per modality, pixel type and channel, in the units of the images, from the rows of `Measured`.

    Returns:
        The columns of INTENSITIES.
    """
    typed = channels.merge(images[["image", "dtype"]], on="image", validate="many_to_one")
    constant = typed["n_levels"] == 1
    typed = typed.assign(n_constant=constant, n_clipped=(typed["at_maximum"] > CLIPPED) & ~constant)
    how = {
        "n_images": ("image", "size"), "minimum": ("minimum", "min"), "p01": ("p01", "median"),
        "median": ("median", "median"), "p99": ("p99", "median"), "maximum": ("maximum", "max"),
        "range_used": ("range_used", "median"), "n_constant": ("n_constant", "sum"), "n_clipped": ("n_clipped", "sum"),
    }  # fmt: skip
    return typed.groupby(["modality", "dtype", "channel"], sort=True).agg(**how).reset_index()
