"""Stage visuals: what the filters of a tiny and of a trained network look like, and what they make of an image."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
import numpy.typing as npt

from cellarena.images.intensity import NORMALISATIONS
from cellarena.images.io import read_image
from cellarena.params.visuals import Visuals
from cellarena.records import Record, read_manifest
from cellarena.shell.annotated import annotated
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder
from cellarena.synthesis.arms import first_of_each
from cellarena.targets.three_class import ThreeClass

if TYPE_CHECKING:
    from cellarena.learning.feature_maps import Layer
    from cellarena.reporting.figures.visuals import MapRow

_IMAGES = 64
"""So many training images at most; a network of three convolutions learns no more from more."""
_SHOWN = 8
_SIDE = 256
_CLASSES = ("background", "interior", "boundary")


@click.command()
@click.pass_obj
@fixed_threads
def visuals(project: Project) -> None:
    """Train a tiny network; show its filters and feature maps for one test image, and those of a trained run."""
    record = _shown(read_manifest(project.layout.subset("test")))
    with fresh_folder(project.layout.visuals) as folder:
        _draw_tiny(project, record, folder)
        _draw_run(project, record, folder)


def _shown(test: list[Record]) -> Record:
    """Return the test image that is shown: the one with the most objects."""
    if not test:
        raise ValueError("the test subset is empty; raise split.test or add images")
    return max(test, key=lambda r: (r.n_objects, r.id))


def _draw_tiny(project: Project, record: Record, folder: Path) -> None:
    from cellarena.learning.feature_maps import feature_maps, first_filters
    from cellarena.learning.tiny_training import NORMALISATION, fit_tiny
    from cellarena.reporting.figures.style import save, shorten
    from cellarena.reporting.figures.visuals import MapRow, filter_figure, map_figure

    layout, settings = project.layout, project.read(Visuals, "visuals")
    learnt = first_of_each(read_manifest(layout.subset("train")), _IMAGES, settings.seed)
    target = project.read(ThreeClass, "targets", "three_class")
    network = fit_tiny(annotated(layout.preprocessed, learnt), target, settings.steps, settings.seed)
    image, pixels = _seen(project, record, NORMALISATION, (_SIDE, _SIDE))
    layers = feature_maps(network, pixels)
    rows = [MapRow(f"layer {i + 1}", layer.maps, _numbered(range(_SHOWN))) for i, layer in enumerate(layers[:-1])]
    rows.append(MapRow(f"layer {len(layers)}:\nclasses", layers[-1].maps, _CLASSES))
    filters = filter_figure(first_filters(network, layers), "Tiny network: filters of the first layer")
    save(filters, folder / "tiny_filters.png")
    save(
        map_figure(image, rows, f"Tiny network: feature maps of each layer for {shorten(record.id)}"),
        folder / "tiny_maps.png",
    )


def _draw_run(project: Project, record: Record, folder: Path) -> None:
    from cellarena.learning.checkpoints import load_model
    from cellarena.learning.feature_maps import by_resolution, feature_maps, first_filters
    from cellarena.reporting.figures.style import save, shorten
    from cellarena.reporting.figures.visuals import filter_figure, map_figure

    layout, run = project.layout, project.grid.pictured_run
    model = load_model(layout.checkpoint(run), "cpu")
    tile = model.hyperparameters.frame(project.read(int, "predict", "tile"))
    image, pixels = _seen(project, record, model.hyperparameters.normalisation, tile)
    # As in prediction: what is smaller than a tile is mirrored up to it.
    missing = [(0, side - n) for side, n in zip(tile, image.shape[:2], strict=True)]
    layers = feature_maps(model.network, np.pad(pixels, [*missing, (0, 0)], mode="symmetric"))
    rows = [_row(layer, image, tile) for layer in by_resolution(layers)]
    filters = filter_figure(first_filters(model.network, layers), f"{run}: filters of the first layer")
    save(filters, folder / "run_filters.png")
    save(
        map_figure(image, rows, f"{run}: feature maps at each resolution for {shorten(record.id)}"),
        folder / "run_maps.png",
    )


def _row(layer: "Layer", image: npt.NDArray[np.uint8], tile: tuple[int, int]) -> "MapRow":
    """Return the maps of a layer that vary most, without what was mirrored beyond the image."""
    from cellarena.learning.feature_maps import most_varied
    from cellarena.reporting.figures.visuals import MapRow

    which = most_varied(layer.maps, _SHOWN)
    height, width = (max(1, n * size // side) for n, size, side in zip(image.shape, layer.size, tile, strict=False))
    title = f"{layer.size[1]} x {layer.size[0]} px\n{len(layer.maps)} maps"
    return MapRow(title, layer.maps[which, :height, :width], _numbered(which))


def _numbered(channels: Iterable[int]) -> list[str]:
    return [f"map {channel + 1}" for channel in channels]


def _seen(
    project: Project, record: Record, normalisation: str, size: tuple[int, int]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Return the part of an image with the most objects that is at most so large, as it is and normalised."""
    from cellarena.images.windows import window

    folder = project.layout.preprocessed
    image = read_image(folder / record.image)
    part = image[window(read_image(folder / record.labels), min(size))]
    return part, NORMALISATIONS[normalisation](image)(part.astype(np.float32))
