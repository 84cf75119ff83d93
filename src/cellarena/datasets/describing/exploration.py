"""A data set as tables: what each image holds, and what the images of each modality have in common."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.datasets.describing.measures import CHANNEL, OBJECT, class_shares, measure_channels, measure_objects
from cellarena.datasets.splitting.splits import SUBSETS
from cellarena.images.io import LabelImage
from cellarena.images.picture import Image
from cellarena.records import Record
from cellarena.tables import IMAGE, MODALITY, integers, numbers, schema, texts
from cellarena.targets.three_class import ThreeClass

ALL = "all images"
"""The row of a summary that is not a modality's."""
CLIPPED = 0.01
"""A channel counts as clipped if more than this share of its pixels has its largest value."""
CLASSES = ("background", "interior", "boundary")
_MEGAPIXEL = 1e6
Ignored = npt.NDArray[np.bool_]
_NAMED = (*IMAGE, *MODALITY, *texts("subset", "that it belongs to", *SUBSETS))
_SIZE = (*integers("height, width", "of the image", "px"), *integers("channels", "of the image"))
_DTYPE = texts("dtype", "type of its pixels")
_SHARES = numbers(", ".join(f"{name}?" for name in CLASSES), "share of the annotated pixels")
_OF = texts("modality", f"of the images; {ALL} in the last row")
IMAGES = schema(
    "images", "What every annotated image of the data set holds, as acquired",
    _NAMED,
    texts("group?", "what must not be torn apart by a split"),
    _SIZE, _DTYPE,
    integers("bits", "of a pixel's channel"),
    numbers("megapixels", "of the image", "MP"),
    numbers("pixel_height_um?, pixel_width_um?", "of a pixel; empty where unknown", "µm"),
    integers("n_ignored", "pixels that nobody annotated"),
    integers("n_objects, n_inner", "objects, and those clear of the border"),
    numbers("density?", "objects per annotated megapixel", "1/MP"),
    numbers("area_median?", "of the objects", "px²"),
    numbers("touching?", "share of the objects with an 8-neighbour in another"),
    _SHARES,
)  # fmt: skip
CHANNELS = schema(
    "channels", "The intensities of every channel of every image",
    _NAMED, CHANNEL,
)  # fmt: skip
OBJECTS = schema(
    "objects", "Every annotated object of the data set",
    _NAMED, OBJECT,
    numbers("area_um2?", "empty where the pixel size is unknown", "µm²"),
)  # fmt: skip
SUMMARY = schema(
    "data set", "What the images of each modality have in common",
    _OF,
    integers(", ".join(f"n_{name}" for name in ("images", *SUBSETS)), "images, and those of each subset"),
    integers("n_near_duplicates", "images that have one"),
    integers("n_sizes", "different sizes"),
    numbers("megapixels_median", "of an image", "MP"),
    texts("bits, channels", "all that occur, joined by /"),
    integers("n_pixel_sizes", "different ones"),
    texts("pixel_sizes", "those that files say, and how many images say each"),
    integers("n_objects", "in all images"),
    integers("n_empty", "images without any"),
    integers("cells_min", "fewest objects of an image"),
    numbers("cells_median", "objects of an image"),
    integers("cells_max", "most objects of an image"),
    numbers("density_median?", "objects per annotated megapixel", "1/MP"),
    numbers("area_p05?, area_p25?, area_median?, area_p75?, area_p95?", "quantiles over all objects", "px²"),
    numbers("diameter_median?", "over all objects", "px"),
    numbers("touching?, cut?", "share of the objects"),
    integers("n_in_pieces", "objects whose pixels do not hang together"),
    _SHARES,
    integers("n_ignored", "pixels that nobody annotated"),
)  # fmt: skip
FORMATS = schema(
    "formats", "How many images each modality has of each size and pixel type",
    MODALITY, _SIZE, _DTYPE,
    integers("n_images", "of this kind"),
)  # fmt: skip
SUBSET_MEMBERS = schema(
    "subsets", "Images and objects of each modality in each subset",
    _OF,
    texts("subset", "the subset", *SUBSETS),
    integers("n_images, n_objects", "in it"),
)  # fmt: skip
INTENSITIES = schema(
    "intensities", "Intensities of each modality, pixel type and channel, as acquired",
    MODALITY, _DTYPE,
    integers("channel", "from 0"),
    integers("n_images", "that have it"),
    numbers("minimum, p01, median, p99, maximum", "extremes over, else median of, the images"),
    numbers("range_used?", "share of the type's range, median of the images"),
    integers("n_constant", "images whose channel has one value"),
    integers("n_clipped", f"others of which more than {CLIPPED:.0%} of the pixels have the largest value"),
)  # fmt: skip
NEAR_DUPLICATES = schema(
    "near-duplicates", "Images that look alike",
    integers("group", "those of one number look alike; from 1"),
    _NAMED,
    integers("n_in_group", "images in the group"),
)  # fmt: skip
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
