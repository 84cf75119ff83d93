"""Stage arms: the manifests of what the networks of each of the study's arms learn from."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pandas as pd

from cellarena.records import Record, read_manifest, write_manifest
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder
from cellarena.stages._leaks import refuse_what_leaks
from cellarena.synthesis.arms import ARMS, compose


@click.command()
@click.pass_obj
def arms(project: Project) -> None:
    """Choose the real and the synthetic images of each arm of the study; refer to them, copy none."""
    layout, grid = project.layout, project.grid
    names = grid.study.arms if grid.studied else []
    if not names:
        click.echo("no study is declared: study.models or study.arms is empty, or its models are not in the benchmark")
    with fresh_folder(layout.arms) as folder:
        rows = []
        for name in names:
            label = grid.arm(name).label
            chosen, n_synthetic = _composed(project, name)
            write_manifest(chosen, folder / layout.arm(name).name)
            rows.append((name, label, len(chosen), n_synthetic))
            click.echo(f"{label}: {len(chosen)} images, {n_synthetic} of them synthetic")
    ARMS.write(pd.DataFrame(rows, columns=ARMS.names), layout.arms_summary)


def _composed(project: Project, name: str) -> tuple[list[Record], int]:
    """Return the records of an arm, and how many of them are synthetic."""
    layout, declared = project.layout, project.grid.arm(name)
    real = read_manifest(layout.subset("train"))
    folder = layout.synthetic(declared.generator) if declared.generator else layout.preprocessed
    synthetic = read_manifest(layout.manifest(folder)) if declared.generator else []
    seed = project.read(int, "synthesize", "seed")
    ours = list(_under_data(project, layout.preprocessed, real))
    chosen = compose(declared, ours, list(_under_data(project, folder, synthetic)), seed)
    ids = {record.id for record in chosen}
    taken = [record for record in synthetic if record.id in ids]
    if taken:
        refuse_what_leaks(project, declared, real, taken)
    return chosen, len(taken)


def _under_data(project: Project, folder: Path, records: list[Record]) -> Iterator[Record]:
    """Yield records with paths relative to `data` in place of those relative to a folder in it."""
    prefix = folder.relative_to(project.layout.data)

    def under(path: str) -> str:
        return (prefix / path).as_posix() if path else ""

    for r in records:
        yield replace(r, image=under(r.image), labels=under(r.labels), ignored=under(r.ignored))
