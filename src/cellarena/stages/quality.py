"""Stage quality: how near one generator's images come to real ones."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.datasets.describing.tables import ALL
from cellarena.evaluation.quality import descriptions as described
from cellarena.evaluation.quality.image_summaries import (
    MOST_CROPS,
    MOST_TRAIN_CROPS,
    ImageSummary,
    appearance,
    crops_of,
    in_units_of,
    measure_shapes,
    shuffled,
)
from cellarena.evaluation.quality.measures import MEASURED, MEMORISATION, measure_table, memory_table
from cellarena.evaluation.quality.sets import SHUFFLED, SYNTHETIC, TRAIN, VAL, Sets
from cellarena.images.io import LabelImage
from cellarena.records import REAL, Record, Run, read_manifest
from cellarena.seeds import generator as stream
from cellarena.shell.left_out import leave_out_unasked
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder, progress
from cellarena.stages._quality_figures import Shown, draw_figures, read_pair
from cellarena.synthesis.settings import Synthesis
from cellarena.targets.three_class import ThreeClass

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class _Reference:
    """What images are judged by: a network that was trained on real images only.

    Attributes:
        size: of the crops in pixels.
        features: of crops of that size.
        f1: of the network's segmentation of an image against its labels.
        target: how wide the boundary class is.
        seed: of the choice of crops.
    """

    size: tuple[int, int]
    features: Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float64]]
    f1: Callable[[Picture, LabelImage], float]
    target: ThreeClass
    seed: int


@click.command()
@click.argument("generator")
@click.pass_obj
@fixed_threads
def quality(project: Project, generator: str) -> None:
    """Compare a generator's images with the real ones, in tables and figures."""
    layout, settings = project.layout, project.read(Synthesis, "synthesize")
    if leave_out_unasked(project, generator, [layout.quality(generator), layout.quality_plots(generator)]):
        return
    reference = _reference(project)
    folder = layout.synthetic(generator)
    images = {
        SYNTHETIC: (folder, read_manifest(layout.manifest(folder))),
        TRAIN: (layout.preprocessed, read_manifest(layout.subset("train"))),
        VAL: (layout.preprocessed, read_manifest(layout.subset("val"))),
    }
    for name, (_, records) in images.items():
        if not records:
            raise ValueError(f"there is no {name} image to compare; run `dvc repro` with more images")
    sets = _sets(images, reference)
    memory = memory_table(sets)
    spectrum = described.spectrum_table(sets, reference.size)
    measures = measure_table(sets, memory, project.read(int, "compare", "resamples"), settings.seed)
    with fresh_folder(layout.quality(generator)) as tables, fresh_folder(layout.quality_plots(generator)) as plots:
        MEASURED.write(measures, tables / "measures.csv")
        described.SPECTRUM.write(spectrum, tables / "spectrum.csv")
        described.INTENSITIES.write(described.intensity_table(sets), tables / "intensities.csv")
        described.MORPHOLOGY.write(described.morphology_table(sets), tables / "morphology.csv")
        MEMORISATION.write(memory[memory["images"] == SYNTHETIC].drop(columns="images"), tables / "memorisation.csv")
        shown = Shown(generator, images, lambda image, of, name: _crops(image, of, name, reference))
        draw_figures(shown, sets, spectrum, memory, plots)
    click.echo(_line(measures, generator))


def _reference(project: Project) -> _Reference:
    from cellarena.learning.checkpoints import load_model
    from cellarena.learning.features import Encoder
    from cellarena.learning.predict import segment
    from cellarena.learning.recipe import Inference, device_of
    from cellarena.learning.tuning import validation_score

    device = device_of(project.read(str, "training", "accelerator"))
    model = load_model(project.layout.checkpoint(_reference_run(project)), device)
    encoder = Encoder(
        model, model.hyperparameters.frame(project.read(int, "budgets", project.read(str, "budget"), "crop"))
    )
    segmenter = model.segmenter(project.read(Inference, "predict").of_one_view)

    def f1(image: Picture, labels: LabelImage) -> float:
        return validation_score(labels, segment(segmenter, image))

    target = project.read(ThreeClass, "targets", "three_class")
    return _Reference(encoder.size, encoder.features, f1, target, project.read(int, "synthesize", "seed"))


def _reference_run(project: Project) -> Run:
    """Return the benchmark's first run."""
    grid = project.grid
    if grid.benchmark.models[0] not in grid.networks:
        raise ValueError(f"benchmark.models: {grid.benchmark.models[0]} judges no images; name a network first")
    return Run(grid.benchmark.models[0], REAL, grid.seeds[0])


def _sets(images: dict[str, tuple[Path, list[Record]]], reference: _Reference) -> Sets:
    """Return what is kept of the images of each set, and of the validation images in shuffled blocks."""
    found: dict[str, list[ImageSummary]] = {name: [] for name in (*images, SHUFFLED)}
    for name, (folder, records) in images.items():
        for record in progress(records, f"looking at {name} images", len(records)):
            image, labels = read_pair(folder, record)
            objects = measure_shapes(image, labels)
            # On images that it learnt from the network would tell nothing, nor on shuffled ones.
            f1 = float("nan") if name == TRAIN else reference.f1(image, labels)
            found[name].append(_summary(record, name, image, labels, objects, f1, reference))
            if name == VAL:
                mixed = shuffled(image, stream(reference.seed, "shuffle", record.id))
                found[SHUFFLED].append(_summary(record, SHUFFLED, mixed, labels, objects, float("nan"), reference))
    return {name: in_units_of(found[TRAIN], summaries) for name, summaries in found.items()}


def _summary(
    record: Record, of: str, image: Picture, labels: LabelImage, objects: pd.DataFrame, f1: float, reference: _Reference
) -> ImageSummary:
    crops = _crops(image, of, record.id, reference)
    return ImageSummary(
        record.id, record.modality, reference.features(crops), *appearance(image, labels, crops, reference.target),
        objects, int(np.count_nonzero(np.unique(labels))), labels.size / 1e6, f1,
    )  # fmt: skip


def _crops(image: Picture, of: str, name: str, reference: _Reference) -> npt.NDArray[np.uint8]:
    """Return the crops of an image, given its set and its id."""
    most = MOST_TRAIN_CROPS if of == TRAIN else MOST_CROPS
    return crops_of(image, reference.size, most, stream(reference.seed, "quality crops", name))


def _line(measures: pd.DataFrame, generator: str) -> str:
    """Return in one line how near the images of a generator come."""
    overall = measures[measures["modality"] == ALL]
    value = dict(zip(zip(overall["measure"], overall["images"], strict=True), overall["value"], strict=True))
    kid, f1 = (f"{value[name, SYNTHETIC]:.4g} ({value[name, VAL]:.4g} of validation images)" for name in ("kid", "f1"))
    return f"{generator}: KID {kid}, F1 {f1}"
