"""The figures of the stage quality: what is shown of which image."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.datasets.names import slugs
from cellarena.evaluation.quality.sets import SYNTHETIC, TRAIN, Sets, modalities_of
from cellarena.images.io import LabelImage
from cellarena.records import Record
from cellarena.reporting.figures.quality import intensities, likenesses, shapes, spectra
from cellarena.reporting.figures.quality_sheets import COLOURS, PAIRS, SHOWN, LookAlike, look_alikes, side_by_side
from cellarena.reporting.figures.sheets import Panel
from cellarena.reporting.figures.style import save
from cellarena.seeds import digest
from cellarena.shell.annotated import annotated_part


@dataclass(frozen=True)
class Shown:
    """What the figures are of.

    Attributes:
        generator: that made the synthetic images.
        images: folder and records of each set.
        crops: of an image, given its set and its id: those that were compared.
    """

    generator: str
    images: dict[str, tuple[Path, list[Record]]]
    crops: Callable[[npt.NDArray[np.uint8], str, str], npt.NDArray[np.uint8]]


def draw_figures(shown: Shown, sets: Sets, spectrum: pd.DataFrame, memory: pd.DataFrame, folder: Path) -> None:
    """Draw the sheets of each modality, the distributions, and the pairs that are most alike, into a folder."""
    name = shown.generator
    save(spectra(spectrum, f"Power spectra: {name} and real images"), folder / "spectra.png")
    save(intensities(sets, f"Grey levels by class of pixels: {name} and real images"), folder / "intensities.png")
    save(shapes(sets, f"Objects: {name} and real images"), folder / "shapes.png")
    save(likenesses(memory, f"Likeness to the nearest training crop: {name} and real images"), folder / "likeness.png")
    worst = memory[(memory["images"] == SYNTHETIC) & memory["likeness"].notna()]
    worst = worst.sort_values(["likeness", "image"], ascending=[False, True]).head(PAIRS)
    found = [_pair(shown, row) for row in worst.to_dict("records")]
    save(look_alikes(found, f"Crops of {name} that are most like a training crop"), folder / "pairs.png", COLOURS)
    modalities = modalities_of({TRAIN: sets[TRAIN], SYNTHETIC: sets[SYNTHETIC]})[1:]
    names = slugs(modalities, ["spectra", "intensities", "shapes", "likeness", "pairs"])
    for modality in modalities:
        real, synthetic = (_panels(shown, of, modality) for of in (TRAIN, SYNTHETIC))
        sheet = side_by_side(real, synthetic, f"{modality}: real images and those of {name}")
        save(sheet, folder / f"{names[modality]}.png", COLOURS)


def read_pair(folder: Path, record: Record) -> tuple[npt.NDArray[np.uint8], LabelImage]:
    """Return a record's image (H, W, 3) uint8 and its (H, W) label image: what was annotated whole.

    Raises:
        FileNotFoundError: if one is missing.
        ValueError: if they are not of this kind, or differ in size.
    """
    image, labels = annotated_part(folder, record)
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
        raise ValueError(f"{folder / record.image}: {image.dtype} {image.shape} is no 8-bit RGB image; run `dvc repro`")
    if labels.shape != image.shape[:2] or labels.dtype.kind not in "iu" or labels.min() < 0:
        raise ValueError(
            f"{folder / record.labels}: {labels.dtype} {labels.shape} is no label image of {image.shape[:2]}; "
            "run `dvc repro`"
        )
    return image, labels


def _panels(shown: Shown, of: str, modality: str) -> list[Panel]:
    """Return a few images of a modality, in an order that does not follow their names."""
    folder, records = shown.images[of]
    own = sorted((r for r in records if r.modality == modality), key=lambda r: digest("sheet", r.id))
    return [Panel(r.id, r.modality, *read_pair(folder, r)) for r in own[:SHOWN]]


def _pair(shown: Shown, row: Mapping[Hashable, Any]) -> LookAlike:
    synthetic = _crop(shown, SYNTHETIC, row["image"], row["crop"])
    real = _crop(shown, TRAIN, row["nearest"], row["nearest_crop"])
    return LookAlike(row["image"], synthetic, row["nearest"], real, row["likeness"])


def _crop(shown: Shown, of: str, name: str, number: int) -> npt.NDArray[np.uint8]:
    folder, records = shown.images[of]
    image, _ = read_pair(folder, next(record for record in records if record.id == name))
    return np.asarray(shown.crops(image, of, name)[number])
