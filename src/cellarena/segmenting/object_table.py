"""The objects of segmented images as a table."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cellarena.images.io import LabelImage
from cellarena.images.picture import Picture
from cellarena.tables import integers, numbers, schema, texts

_CHANNELS = 3
_GEOMETRY = {
    "area": "area", "centroid-0": "y", "centroid-1": "x",
    "bbox-0": "top", "bbox-1": "left", "bbox-2": "bottom", "bbox-3": "right",
}  # fmt: skip
_MEANS = [f"mean_{channel}" for channel in range(1, _CHANNELS + 1)]
OBJECTS = schema(
    "segmented objects", "Every object of the images of one call of segment, by image and label",
    texts("image", "name of its file"),
    integers("label", "in the label image"),
    integers("area", "its pixels", "px²"),
    numbers("y, x", "of its centroid", "px"),
    integers("top, left", "first row and column of its bounding box", "px"),
    integers("bottom, right", "first row and column beyond it", "px"),
    numbers("area_um2?", "empty where the file says no pixel size", "µm²"),
    numbers("y_um?, x_um?", "of its centroid", "µm"),
    numbers(", ".join(f"{name}?" for name in _MEANS), "mean intensity of each channel that there is"),
)  # fmt: skip


def object_table(name: str, labels: LabelImage, picture: Picture) -> pd.DataFrame:
    """Return the objects of an image, by label: the columns of OBJECTS.

    Args:
        name: of the image.
        labels: (H, W) label image.
        picture: as it was read from its file.

    Raises:
        ValueError: if image and labels differ in size.
    """
    from skimage.measure import regionprops_table

    image = picture.pixels
    if image.shape[:2] != labels.shape:
        raise ValueError(f"{name}: the image is {image.shape[:2]}, its label image {labels.shape}; segment it anew")
    channels = image.reshape(*labels.shape, -1)
    # The mean of half floats, and the sum of large integers, lose digits.
    precise = channels if channels.dtype.kind in "ui" and channels.dtype.itemsize <= 4 else channels.astype(np.float64)
    measured = regionprops_table(
        labels.astype(np.int64), precise, properties=("label", "area", "centroid", "bbox", "intensity_mean")
    )
    means = {f"intensity_mean-{channel}": name for channel, name in enumerate(_MEANS)}
    table = pd.DataFrame(measured).rename(columns=_GEOMETRY | means).assign(image=name)
    height, width = picture.pixel_size or (np.nan, np.nan)
    table = table.assign(area_um2=table["area"] * height * width, y_um=table["y"] * height, x_um=table["x"] * width)
    return table.reindex(columns=OBJECTS.names).astype({"label": int, "area": int} if len(table) else {})


def joined(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Return the objects of all images, by image and label; of no images a table with the same columns."""
    filled = [table for table in tables if len(table)]
    whole = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=OBJECTS.names)
    return whole.sort_values(["image", "label"], ignore_index=True)
