"""Stage explore: contact sheets of the data set, as acquired."""

from collections.abc import Iterable, Sequence

import click

from cellarena.datasets.names import slug
from cellarena.images.io import read_image
from cellarena.records import Record, read_manifest
from cellarena.reporting.figures.sheets import Panel, contact_sheet
from cellarena.reporting.figures.style import save
from cellarena.seeds import digest
from cellarena.stages._project import Project
from cellarena.stages._shell import fresh_folder

_ON_A_SHEET = 12
_OF_EACH = 2
_OVERVIEW = "overview"


@click.command()
@click.pass_obj
def explore(project: Project) -> None:
    """Draw images with the outlines of their labels: some of each modality, and a sheet for each."""
    layout = project.layout
    records = read_manifest(layout.manifest(layout.raw))
    modalities = {m: _some([r for r in records if r.modality == m]) for m in sorted({r.modality for r in records})}
    overall = [record for members in modalities.values() for record in members[:_OF_EACH]]
    with fresh_folder(layout.dataset_plots) as folder:
        save(contact_sheet(_panels(project, overall), f"{len(records)} images"), folder / f"{_OVERVIEW}.png")
        names = _sheet_names(modalities)
        for modality, members in modalities.items():
            n_images = sum(record.modality == modality for record in records)
            sheet = contact_sheet(_panels(project, members[:_ON_A_SHEET]), f"{modality}: {n_images} images")
            save(sheet, folder / f"{names[modality]}.png")


def _sheet_names(modalities: Iterable[str]) -> dict[str, str]:
    """Return a file name for each modality's sheet: no other's, and not that of the overview."""
    names: dict[str, str] = {}
    for modality in modalities:
        name = slug(modality) or "unknown"
        while name in {_OVERVIEW, *names.values()}:
            name += "_"
        names[modality] = name
    return names


def _some(records: Sequence[Record]) -> list[Record]:
    """Return the records in an order that does not follow their names."""
    return sorted(records, key=lambda record: digest("sheet", record.sha256))


def _panels(project: Project, records: Sequence[Record]) -> list[Panel]:
    raw = project.layout.raw
    return [Panel(r.id, r.modality, read_image(raw / r.image), read_image(raw / r.labels)) for r in records]
