"""Stage split: manifests of train, val and test, and what near-duplicates there are."""

import json

import click
from rich.console import Console
from rich.table import Table

from cellarena.datasets.splitting.duplicates import fingerprint, near_duplicate_groups
from cellarena.datasets.splitting.leakage import leakage_report, refuse_crossings
from cellarena.datasets.splitting.splits import Splitting
from cellarena.datasets.splitting.splits import split as split_records
from cellarena.files import write_bytes
from cellarena.images.io import read_image
from cellarena.records import read_manifest, write_manifest
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder, progress


@click.command()
@click.pass_obj
def split(project: Project) -> None:
    """Divide the records; near-duplicates stay together, and one that crosses subsets is refused."""
    layout, params = project.layout, project.read(Splitting, "split")
    records = read_manifest(layout.manifest(layout.preprocessed))
    prints = [
        fingerprint(r.id, r.sha256, read_image(layout.preprocessed / r.image))
        for r in progress(records, "looking for near-duplicates", len(records))
    ]
    groups = near_duplicate_groups(prints, params.distance)
    subsets = split_records(records, groups, {"val": params.val, "test": params.test}, params.seed)
    report = leakage_report(subsets, groups, params.waiver)
    with fresh_folder(layout.splits) as folder:
        for name, members in subsets.items():
            write_manifest(members, folder / layout.subset(name).name)
        content = json.dumps(report, indent=2, sort_keys=True) + "\n"
        write_bytes(content.encode(), folder / layout.leakage.name)
        refuse_crossings(report)
    _show(report["n_images"])
    if n_drawn := sum(record.subset == "train" for record in subsets["val"]):
        Console().print(f"val is {n_drawn} of the given training images: no val is given, and no image is left open")


def _show(counts: dict[str, dict[str, int]]) -> None:
    """Print how many images of each modality each subset has."""
    modalities = sorted({modality for by_modality in counts.values() for modality in by_modality})
    table = Table("subset", *modalities, "all")
    for subset, by_modality in counts.items():
        numbers = [by_modality.get(modality, 0) for modality in modalities]
        table.add_row(subset, *map(str, numbers), str(sum(numbers)))
    Console().print(table)
