"""Stage visuals: what the filters of a tiny and of a trained network look like, and what they make of an image."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click
import numpy as np
import numpy.typing as npt

from cellarena.images.io import read_image
from cellarena.records import Record, read_manifest
from cellarena.stages._annotated import annotated
from cellarena.stages._project import Project
from cellarena.stages._shell import fresh_folder
from cellarena.synthesis.arms import first_of_each

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cellarena.learning.feature_maps import Layer
    from cellarena.reporting.figures.visuals import MapRow

_IMAGES = 64
"""So many training images at most; a network of three convolutions learns no more from more."""
_SHOWN = 8
_CLASSES = ("background", "interior", "boundary")


@click.command()
@click.pass_obj
def visuals(project: Project) -> None:
    """Train a tiny network; show its filters and feature maps for one test image, and those of a trained run."""
    from cellarena.reporting.figures.style import save

    record = _shown(read_manifest(project.layout.subset("test")))
    figures = {**_of_tiny(project, record), **_of_run(project, record)}
    with fresh_folder(project.layout.visuals) as folder:
        for name, figure in figures.items():
            save(figure, folder / f"{name}.png", n_colours=256)


def _shown(test: list[Record]) -> Record:
    """Return the test image that is shown: the one with the most objects."""
    if not test:
        raise ValueError("the test subset is empty; there is no image to show: lower split.val or add images")
    return max(test, key=lambda r: (r.n_objects, r.id))


def _of_tiny(project: Project, record: Record) -> "dict[str, Figure]":
    from cellarena.learning.feature_maps import feature_maps, first_filters
    from cellarena.learning.tiny_training import fit_tiny
    from cellarena.reporting.figures.visuals import MapRow, filter_figure, map_figure

    layout, settings = project.layout, project.params.visuals
    learnt = first_of_each(read_manifest(layout.subset("train")), _IMAGES, settings.seed)
    target = project.params.targets.three_class
    network = fit_tiny(annotated(layout.preprocessed, learnt), target, settings.steps, settings.seed)
    image = _cut(project, record, (256, 256))
    layers = feature_maps(network, (image / 255).astype(np.float32))
    rows = [MapRow(f"layer {i + 1}", layer.maps, _numbered(range(_SHOWN))) for i, layer in enumerate(layers[:-1])]
    rows.append(MapRow(f"layer {len(layers)}:\nclasses", layers[-1].maps, _CLASSES))
    return {
        "tiny_filters": filter_figure(first_filters(network, layers), "Tiny network: filters of the first layer"),
        "tiny_maps": map_figure(image, rows, f"Tiny network: feature maps of each layer for {record.id}"),
    }


def _of_run(project: Project, record: Record) -> "dict[str, Figure]":
    from cellarena.images.intensity import NORMALISATIONS
    from cellarena.learning.checkpoints import load_model
    from cellarena.learning.feature_maps import by_resolution, feature_maps, first_filters
    from cellarena.reporting.figures.visuals import filter_figure, map_figure

    layout, params, run = project.layout, project.params, project.params.pictured_run
    model = load_model(layout.checkpoint(run), "cpu")
    tile = model.hyperparameters.frame(params.predict.tile)
    image = _cut(project, record, tile)
    whole = read_image(layout.preprocessed / record.image)
    pixels = NORMALISATIONS[model.hyperparameters.normalisation](whole)(image.astype(np.float32))
    # As in prediction: what is smaller than a tile is mirrored up to it.
    missing = [(0, side - n) for side, n in zip(tile, image.shape[:2], strict=True)]
    layers = feature_maps(model.network, np.pad(pixels, [*missing, (0, 0)], mode="symmetric"))
    rows = [_row(layer, image, tile) for layer in by_resolution(layers)]
    return {
        "run_filters": filter_figure(first_filters(model.network, layers), f"{run}: filters of the first layer"),
        "run_maps": map_figure(image, rows, f"{run}: feature maps at each resolution for {record.id}"),
    }


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


def _cut(project: Project, record: Record, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return the part of an image with the most objects that is at most so large."""
    from cellarena.reporting.figures.tiles import window

    layout = project.layout
    image = read_image(layout.preprocessed / record.image)
    place = window(read_image(layout.preprocessed / record.labels), min(size))
    part: npt.NDArray[np.uint8] = image[place]
    return part
