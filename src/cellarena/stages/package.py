"""Stage package: all that a release of a model holds, in one folder."""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
import pandas as pd

from cellarena.evaluation.coverage import read_cells
from cellarena.evaluation.scores import read_scores
from cellarena.evaluation.tables import write_table
from cellarena.images.io import read_image, write_bytes, write_labels, write_png
from cellarena.learning.cards import reading
from cellarena.models.ensembles import ENSEMBLES
from cellarena.records import Record, Run, read_manifest
from cellarena.registry.licences import licence_of
from cellarena.registry.packages import Data, Package, hashes_of, sha256_of, write_package
from cellarena.registry.packing import centre, chosen_crops, score_lines, score_of
from cellarena.registry.proof import VALIDATION, proving_segmenter
from cellarena.reporting.model_card import model_card
from cellarena.stages._project import Project
from cellarena.stages._shell import fresh_folder, run_arguments

_CHECKPOINT = ("model.json", "model.safetensors")


@click.command()
@run_arguments
@click.pass_obj
def package(project: Project, run: Run) -> None:
    """Pack a run's checkpoint with its score, its licence, its model card and crops to prove it by."""
    layout = project.layout
    with fresh_folder(layout.package(run.model)) as folder:
        cards = list(_copy_checkpoints(project, run, folder))
        checkpoint = layout.packed_checkpoint(folder, run)
        variant = _write_crops(project, checkpoint, folder)
        lines = _lines(project, run)
        write_table(lines, folder / "scores.csv")
        packed = _described(project, run, variant, cards, lines)
        card = model_card(packed.model_dump(mode="json"), cards, _by_modality(lines))
        write_bytes(card.encode(), folder / "README.md")
        write_package(packed.model_copy(update={"files": hashes_of(folder)}), folder)


def _copy_checkpoints(project: Project, run: Run, folder: Path) -> Iterable[dict[str, Any]]:
    """Copy what it takes to load a checkpoint, the members of an ensemble too, and yield their cards."""
    members = ENSEMBLES[run.model].members if run.model in ENSEMBLES else ()
    for one in (run, *(Run(member, run.arm, run.seed) for member in members)):
        source, target = project.layout.checkpoint(one), project.layout.packed_checkpoint(folder, one)
        target.mkdir(parents=True)
        for name in _CHECKPOINT:
            if (source / name).is_file():
                shutil.copyfile(source / name, target / name)
        with reading(target / "model.json") as card:
            yield card


def _write_crops(project: Project, checkpoint: Path, folder: Path) -> str:
    """Write crops of validation images with the objects that are found in them; return what the model is."""
    from cellarena.learning.predict import segment

    registry, layout = project.params.registry, project.layout
    variant, segmenter = proving_segmenter(checkpoint)
    for record in chosen_crops(read_manifest(layout.subset("val")), registry.crops):
        crop = centre(read_image(layout.preprocessed / record.image), registry.side)
        write_png(crop, folder / VALIDATION / f"{record.id}.png")
        write_labels(segment(segmenter, crop), folder / VALIDATION / f"{record.id}.tiff")
    return variant


def _lines(project: Project, run: Run) -> pd.DataFrame:
    layout = project.layout
    cells = read_cells(layout.cells(run))
    if cells is None:
        raise FileNotFoundError(f"{layout.cells(run)}: {run} was not scored; run `dvc repro`")
    return score_lines(read_scores(layout.scores(run)), cells, read_manifest(layout.subset("test")))


def _described(project: Project, run: Run, variant: str, cards: list[dict[str, Any]], lines: pd.DataFrame) -> Package:
    """Return the package without the hashes of its files."""
    layout = project.layout
    manifests = {run.arm: layout.arm(run.arm), "val": layout.subset("val"), "test": layout.subset("test")}
    records = {name: read_manifest(path) for name, path in manifests.items()}
    return Package(
        run=str(run),
        variant=variant,
        score=score_of(lines, str(run), project.params.compare),
        licence=licence_of(records[run.arm], cards),
        data=Data(
            source=", ".join(_sources(records[run.arm])),
            subsets={name: sha256_of(path) for name, path in manifests.items()},
            n_images={name: len(found) for name, found in records.items()},
        ),
        libraries={name: version for card in cards for name, version in card.get("libraries", {}).items()},
        files={},
    )


def _sources(records: list[Record]) -> list[str]:
    return sorted({record.source for record in records})


def _by_modality(lines: pd.DataFrame) -> dict[str, tuple[float, int]]:
    scored = lines.dropna(subset="f1")
    return {str(name): (float(part.mean()), len(part)) for name, part in scored.groupby("modality")["f1"]}
