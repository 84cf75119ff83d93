"""Stage plan: what nnU-Net's planner makes of the train subset, for networks that configure themselves."""

from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import click

from cellarena.datasets.describing.fingerprint import Fingerprint, fingerprint
from cellarena.images.io import LabelImage, read_image
from cellarena.images.picture import Image
from cellarena.layout import Layout
from cellarena.methods.spec import METHODS
from cellarena.models.planning.nnunet_plan import Plan, Planning
from cellarena.models.planning.nnunet_plan import plan as plan_for
from cellarena.models.planning.plans import write_sorted_json
from cellarena.models.spec import MODELS
from cellarena.records import Record, read_manifest
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder, progress
from cellarena.targets.spec import TARGETS

# Of the foreground pixels that the fingerprint samples.
_SEED = 0


@click.command()
@click.pass_obj
def plan(project: Project) -> None:
    """Choose nnU-Net's patch, batch and network by its own rules, from the train subset and a memory budget.

    Every model of the benchmark gets a file, so that a changed plan trains those again that it is for and no other.
    """
    layout, grid = project.layout, project.grid
    with fresh_folder(layout.plans) as folder:
        for model in dict.fromkeys([*grid.benchmark.models, *grid.study.models]):
            content = _planned(project, model, folder) if not METHODS.bears(model) and MODELS[model].planned else {}
            path = folder / layout.plan(model).relative_to(layout.plans)
            path.parent.mkdir()
            write_sorted_json(content, path)


def _planned(project: Project, model: str, folder: Path) -> dict[str, Any]:
    """Return a model's plan; write the fingerprint that it follows from."""
    layout, planning = project.layout, project.read(Planning, "plan")
    records = read_manifest(layout.subset("train"))
    if not records:
        raise ValueError(f"{layout.subset('train')}: no images to plan for; lower split.val or split.test")
    found = fingerprint(_annotated(layout, records), _SEED)
    write_sorted_json(found, folder / layout.fingerprint.name)
    n_channels, n_classes = len(found["intensities"]), TARGETS[MODELS[model].target].n_channels
    made = plan_for(found["shapes"], n_channels, n_classes, planning, found["median_relative_size"])
    _show(made, found, planning.memory_gb)
    return made.model_dump(mode="json")


def _annotated(layout: Layout, records: list[Record]) -> Iterator[tuple[str, Image, LabelImage]]:
    """Yield the train subset's images one at a time."""
    for record in progress(records, "taking the fingerprint", len(records)):
        folder = layout.preprocessed
        yield record.id, read_image(folder / record.image), read_image(folder / record.labels)


def _show(made: Plan, found: Fingerprint, memory_gb: float) -> None:
    """Print what was planned, and from what."""
    height, width = (median(sides) for sides in zip(*found["shapes"], strict=True))
    click.echo(f"{found['n_images']} training images, median {height:g}x{width:g} px; memory {memory_gb:g} GB")
    click.echo(f"patch {made.patch[0]}x{made.patch[1]}, batch {made.batch}, {', '.join(made.normalisation)}")
    click.echo(f"{made.n_stages} stages with {', '.join(map(str, made.features))} features")
