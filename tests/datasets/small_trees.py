"""Small trees of annotated images, as people bring them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import tifffile
from PIL import Image as Pillow

from cellarena.datasets.sources.folder import folder_samples
from cellarena.datasets.sources.spec import Acquisition, Sample, Simulation

SIDE = 24


def scene(n_objects: int) -> tuple[np.ndarray, np.ndarray]:
    """Return an image and its labels with up to nine square objects."""
    labels = np.zeros((SIDE, SIDE), np.uint8)
    for number in range(n_objects):
        y, x = 2 + 8 * (number // 3), 2 + 8 * (number % 3)
        labels[y : y + 4, x : x + 4] = number + 1
    return (40 + 7 * n_objects + 100 * (labels > 0)).astype(np.uint8), labels


def write(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix.lower() in {".tif", ".tiff"}:
        tifffile.imwrite(path, pixels, photometric="minisblack", metadata=None)
    else:
        Pillow.fromarray(pixels).save(path)


def annotated(root: Path, pairs: Mapping[str, str]) -> Path:
    """Write an image and a label image for each pair of paths; the n-th pair has n objects."""
    for number, (image, labels) in enumerate(pairs.items(), start=1):
        pixels, objects = scene(number)
        write(root / image, pixels)
        write(root / labels, objects)
    return root


def masked(root: Path, masks: Mapping[str, Sequence[str]]) -> Path:
    """Write an image for each path, and one binary mask per object at the paths beside it."""
    for image, paths in masks.items():
        pixels, objects = scene(len(paths))
        write(root / image, pixels)
        for number, path in enumerate(paths, start=1):
            write(root / path, ((objects == number) * 255).astype(np.uint8))
    return root


def read(root: Path, channels: Sequence[int] = ()) -> list[Sample]:
    """Return what the source `folder` finds in a tree."""
    wanted = Acquisition(
        source="folder", root=root, licence="", max_pixels=10**6, simulated=Simulation(images=4, seed=0),
        channels=list(channels),
    )  # fmt: skip
    return list(folder_samples(wanted))


def n_objects(sample: Sample) -> int:
    return len(np.unique(sample.labels[sample.labels > 0]))
