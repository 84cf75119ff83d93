"""Stage arms: the manifest of what one arm's networks learn from."""

from dataclasses import replace
from pathlib import Path

import click

from cellarena.records import Record, read_manifest, write_manifest
from cellarena.shell.project import Project
from cellarena.stages._leaks import refuse_what_leaks
from cellarena.synthesis.arms import compose


@click.command()
@click.argument("arm")
@click.pass_obj
def arms(project: Project, arm: str) -> None:
    """Choose the real and the synthetic images of an arm; refer to them, copy none."""
    layout, params = project.layout, project.params
    declared = params.arm(arm)
    real = read_manifest(layout.subset("train"))
    synthetic, folder = [], layout.preprocessed
    if declared.generator:
        folder = layout.synthetic(declared.generator)
        synthetic = read_manifest(layout.manifest(folder))
    seed = params.synthesize.seed
    chosen = compose(
        declared, _under_data(project, layout.preprocessed, real), _under_data(project, folder, synthetic), seed
    )
    ids = {record.id for record in chosen}
    taken = [record for record in synthetic if record.id in ids]
    if taken:
        refuse_what_leaks(project, declared, real, taken)
    layout.arm(arm).parent.mkdir(parents=True, exist_ok=True)
    write_manifest(chosen, layout.arm(arm))
    click.echo(f"{declared.label}: {len(chosen)} images, {len(taken)} of them synthetic")


def _under_data(project: Project, folder: Path, records: list[Record]) -> list[Record]:
    """Return records with paths relative to `data` in place of those relative to a folder in it."""
    prefix = folder.relative_to(project.layout.data)

    def under(path: str) -> str:
        return (prefix / path).as_posix() if path else ""

    return [replace(r, image=under(r.image), labels=under(r.labels), ignored=under(r.ignored)) for r in records]
