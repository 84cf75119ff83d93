"""Stage explore: what the data set holds, as tables, figures and contact sheets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import pandas as pd
from rich.console import Console

from cellarena.datasets.describing import tables as known
from cellarena.datasets.describing.exploration import (
    formats,
    intensity_summary,
    measure,
    near_duplicates,
    subset_members,
    summary,
)
from cellarena.datasets.describing.tables import ALL
from cellarena.datasets.names import slugs
from cellarena.images.io import read_image
from cellarena.layout import SUBSETS
from cellarena.records import Record, read_manifest
from cellarena.reporting.figures.data_set import cell_distributions, class_balance, image_sizes, intensity_ranges
from cellarena.reporting.figures.sheets import COLOURS, Panel, contact_sheet
from cellarena.reporting.figures.style import save
from cellarena.seeds import digest
from cellarena.shell.annotated import read_ignored
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder, progress
from cellarena.targets.three_class import ThreeClass

_ON_A_SHEET = 8
_OF_EACH = 2
_OVERVIEW = "overview"
_SIZES = "Image sizes: the larger a mark, the more images"


@dataclass(frozen=True)
class _Tables:
    """A row for each image, each channel of an image, each object."""

    images: pd.DataFrame
    channels: pd.DataFrame
    objects: pd.DataFrame


@click.command()
@click.pass_obj
def explore(project: Project) -> None:
    """Describe the data set as acquired: tables, distributions, contact sheets.

    Sizes, pixel types, cells, areas, intensities, classes of pixels, near-duplicates and subsets: image by image in
    data/exploration, by modality in metrics/dataset. Figures, and some images of each modality with the outlines of
    their labels, in plots/dataset.
    """
    layout = project.layout
    records = read_manifest(layout.manifest(layout.raw))
    duplicates = _near_duplicates(layout.leakage, records)
    tables = _measured(project, records)
    overall = summary(tables.images, tables.objects, duplicates)
    by_modality = {
        "summary": (known.SUMMARY, overall),
        "formats": (known.FORMATS, formats(tables.images)),
        "subsets": (known.SUBSET_MEMBERS, subset_members(tables.images)),
        "intensities": (known.INTENSITIES, intensity_summary(tables.channels, tables.images)),
        "near_duplicates": (known.NEAR_DUPLICATES, duplicates),
    }
    with (
        fresh_folder(layout.exploration) as exploration,
        fresh_folder(layout.dataset_metrics) as metrics,
        fresh_folder(layout.dataset_plots) as plots,
    ):
        known.IMAGES.write(tables.images, exploration / "images.csv")
        known.CHANNELS.write(tables.channels, exploration / "channels.csv")
        known.OBJECTS.write(tables.objects, exploration / "objects.csv")
        for name, (schema, table) in by_modality.items():
            schema.write(table, metrics / layout.dataset_table(name).name)
        _draw_sheets(project, records, plots)
        _draw_figures(tables, overall, plots / layout.dataset_figures.name)
    _show(overall)


def _near_duplicates(path: Path, records: Sequence[Record]) -> pd.DataFrame:
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; run `dvc repro` or `dvc pull`")
    try:
        return near_duplicates(json.loads(path.read_text(encoding="utf-8")), records)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: damaged, or not of this data set ({reason}); run `dvc repro split`") from error


def _measured(project: Project, records: Sequence[Record]) -> _Tables:
    """Read and measure every image once."""
    layout, target = project.layout, project.read(ThreeClass, "targets", "three_class")
    subset_of = {record.id: name for name in SUBSETS for record in read_manifest(layout.subset(name))}
    if odd := sorted({record.id for record in records} ^ set(subset_of)):
        raise ValueError(f"{layout.splits}: {odd[0]} is in data/raw or in a subset only; run `dvc repro split`")
    raw = layout.raw
    found = [
        measure(r, subset_of[r.id], read_image(raw / r.image), read_image(raw / r.labels), read_ignored(raw, r), target)
        for r in progress(records, "measuring images", len(records))
    ]
    return _Tables(
        pd.DataFrame([one.image for one in found]),
        pd.concat([one.channels for one in found], ignore_index=True),
        pd.concat([one.objects for one in found], ignore_index=True),
    )


def _draw_figures(tables: _Tables, overall: pd.DataFrame, folder: Path) -> None:
    images = tables.images
    save(cell_distributions(images, tables.objects, "Cells per image, and their areas"), folder / "cells.png")
    save(image_sizes(images, _SIZES), folder / "sizes.png")
    save(intensity_ranges(images, tables.channels, "Intensities as acquired"), folder / "intensities.png")
    save(class_balance(overall, "Classes of pixels"), folder / "classes.png")


def _draw_sheets(project: Project, records: Sequence[Record], folder: Path) -> None:
    modalities = {m: _some([r for r in records if r.modality == m]) for m in sorted({r.modality for r in records})}
    overall = [record for members in modalities.values() for record in members[:_OF_EACH]]
    save(contact_sheet(_panels(project, overall), f"{len(records)} images"), folder / f"{_OVERVIEW}.png", COLOURS)
    names = slugs(modalities, [_OVERVIEW])
    for modality, members in modalities.items():
        sheet = contact_sheet(_panels(project, members[:_ON_A_SHEET]), f"{modality}: {len(members)} images")
        save(sheet, folder / f"{names[modality]}.png", COLOURS)


def _some(records: Sequence[Record]) -> list[Record]:
    """Return the records in an order that does not follow their names."""
    return sorted(records, key=lambda record: digest("sheet", record.sha256))


def _panels(project: Project, records: Sequence[Record]) -> list[Panel]:
    raw = project.layout.raw
    return [Panel(r.id, r.modality, read_image(raw / r.image), read_image(raw / r.labels)) for r in records]


def _show(overall: pd.DataFrame) -> None:
    shown = overall[["modality", "n_images", "bits", "n_objects", "cells_median", "diameter_median", "touching"]]
    if overall["n_ignored"].any():
        shown = shown.assign(not_annotated=overall["n_ignored"])
    console = Console()
    console.print(shown.rename(columns={"modality": ""}).to_string(index=False, float_format="%.3g"), soft_wrap=True)
    whole = overall.set_index("modality").loc[ALL]
    if whole["n_pixel_sizes"] > 1:
        console.print(f"Pixel sizes are mixed: {whole['pixel_sizes']}", markup=False, soft_wrap=True)
