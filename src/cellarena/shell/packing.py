"""How a package is filled, whatever its checkpoint comes from: a run of the pipeline or somebody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cellarena.evaluation.comparing import Comparing
from cellarena.files import write_bytes
from cellarena.images.channels import SEPARATOR
from cellarena.images.io import file_sha256, read_image, write_labels, write_png
from cellarena.params.registry import Registry
from cellarena.records import Record, Run, read_manifest
from cellarena.registry.packages.licences import licence_of
from cellarena.registry.packages.package import Data, Package, hashes_of, write_package
from cellarena.registry.packages.packing import PACKED_SCORES, centre, chosen_crops, score_of
from cellarena.registry.packages.proof import VALIDATION, proving_segmenter
from cellarena.reporting.model_card import model_card
from cellarena.shell.project import Project


@dataclass(frozen=True)
class Packed:
    """What goes into a package beside the checkpoint of a run."""

    run: Run
    cards: Sequence[dict[str, Any]]
    """Content of model.json, of an ensemble's members too."""
    lines: pd.DataFrame
    """F1 of every test image, as `packing.score_lines` returns it."""
    manifests: dict[str, Path]
    """Of what it learnt from, by the name of the arm; none if that is not known."""
    source: str
    """Of the data that it learnt from."""


def fill(project: Project, packed: Packed, folder: Path) -> None:
    """Write crops, scores, model card and package.json beside the checkpoints that lie in a folder already."""
    variant = _write_crops(project, packed.run, folder)
    PACKED_SCORES.write(packed.lines, folder / "scores.csv")
    package = _package(project, packed, variant)
    card = model_card(package.model_dump(mode="json"), packed.cards, _by_modality(packed.lines))
    write_bytes(card.encode(), folder / "README.md")
    write_package(package.model_copy(update={"files": hashes_of(folder)}), folder)


def _write_crops(project: Project, run: Run, folder: Path) -> str:
    """Write crops of validation images with the objects that are found in them; return what the model is."""
    from cellarena.learning.predict import segment

    registry, layout = project.read(Registry, "registry"), project.layout
    variant, segmenter = proving_segmenter(layout.packed_checkpoint(folder, run))
    if not layout.subset("val").is_file():
        return variant
    for record in chosen_crops(read_manifest(layout.subset("val")), registry.crops):
        crop = centre(read_image(layout.preprocessed / record.image), registry.side)
        write_png(crop, folder / VALIDATION / f"{record.id}.png")
        write_labels(segment(segmenter, crop), folder / VALIDATION / f"{record.id}.tiff")
    return variant


def _package(project: Project, packed: Packed, variant: str) -> Package:
    """Return the package without the hashes of its files."""
    layout = project.layout
    judged_on = {name: layout.subset(name) for name in ("val", "test") if layout.subset(name).is_file()}
    manifests = packed.manifests | judged_on
    learnt: list[Record] = [record for path in packed.manifests.values() for record in read_manifest(path)]
    return Package(
        run=str(packed.run),
        variant=variant,
        score=score_of(packed.lines, str(packed.run), project.read(Comparing, "compare")),
        licence=licence_of(learnt, packed.cards),
        data=Data(
            source=packed.source,
            subsets={name: file_sha256(path) for name, path in manifests.items()},
            n_images={name: len(read_manifest(path)) for name, path in manifests.items()},
            channels=[names.split(SEPARATOR) for names in sorted({r.channel_names for r in learnt if r.channel_names})],
        ),
        libraries={name: version for card in packed.cards for name, version in card.get("libraries", {}).items()},
        files={},
    )


def _by_modality(lines: pd.DataFrame) -> dict[str, tuple[float, int]]:
    scored = lines.dropna(subset="f1")
    return {str(name): (float(part.mean()), len(part)) for name, part in scored.groupby("modality")["f1"]}
