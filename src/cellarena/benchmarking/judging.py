"""What became of a row's objects, and how far its probabilities can be trusted, image by image."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.evaluation.answers import Answer
from cellarena.evaluation.calibration.per_image import ImageCalibration, image_calibration
from cellarena.evaluation.calibration.tables import (
    IMAGES,
    JUDGED_OBJECTS,
    RELIABILITY,
    RISK_COVERAGE,
    SUMMARY,
    TEMPERATURE,
    curve_table,
    image_table,
    object_table,
    reliability_table,
    summary_table,
)
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.errors.analysis import OBJECTS, Analysis, analyze, together
from cellarena.evaluation.errors.gains import COUNTS, GAINS, count, gains
from cellarena.evaluation.errors.strata import STRATA, stratify
from cellarena.evaluation.errors.worst import worst
from cellarena.layout import Layout
from cellarena.records import Run
from cellarena.reporting.figures.gallery import COLUMNS, Exhibition, gallery
from cellarena.reporting.figures.style import save
from cellarena.seeds import generator
from cellarena.shell.predictions import read_probabilities, read_unpredicted


@dataclass
class AnalyzedRow:
    """A row whose errors are named while the images pass by."""

    run: Run
    images: list[Analysis] = field(default_factory=list)
    exhibition: Exhibition = field(default_factory=Exhibition)

    def analyze(self, answer: Answer) -> None:
        """Name what became of every object of an image, and keep the worst errors to be shown.

        Raises:
            ValueError: if it cannot be analysed; the message names run and image.
        """
        found, annotation = analyze(answer, self.run), answer.annotation
        self.images.append(found)
        self.exhibition.add(worst(found.objects, COLUMNS), annotation.image, annotation.true, answer.pred)

    def write(self, limits: pd.DataFrame, folder: Path, figure: Path) -> None:
        """Write the error tables and draw the gallery; `limits` are those of `evaluation.errors.strata.bounds`."""
        done = together(self.images)
        counts = count(done)
        OBJECTS.write(done.objects, folder / "objects.csv")
        COUNTS.write(counts, folder / "counts.csv")
        GAINS.write(gains(counts), folder / "gains.csv")
        STRATA.write(stratify(done, limits), folder / "strata.csv")
        save(gallery(self.exhibition.kinds, f"{self.run}: worst errors (each crop with its width)"), figure)


@dataclass
class CalibratedRow:
    """A row whose probabilities are judged while the images pass by; `fit` is its table of `temperatures`."""

    layout: Layout
    run: Run
    fit: pd.DataFrame
    images: dict[str, ImageCalibration | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._unpredicted = read_unpredicted(self.layout, self.run)

    def calibrate(self, answer: Answer, classes: npt.NDArray[np.uint8]) -> None:
        """Judge the probabilities of an image by its classes; there is nothing to judge where prediction failed."""
        record = answer.annotation.record
        self.images[record.id] = None
        if not answer.failed and ("test", record.id) not in self._unpredicted:
            codes = read_probabilities(self.layout, self.run, "test", record)
            self.images[record.id] = image_calibration(answer, classes, codes, float(self.fit["temperature"].iloc[0]))

    def write(self, settings: Comparing, folder: Path) -> None:
        """Write the tables of `evaluation.calibration.tables`; intervals have the settings' confidence."""
        images, run = self.images, self.run
        TEMPERATURE.write(self.fit, folder / "temperature.csv")
        IMAGES.write(image_table(images, run), folder / "images.csv")
        JUDGED_OBJECTS.write(object_table(images, run), folder / "objects.csv")
        summary = summary_table(images, run, settings, generator(0, "calibration", str(run)))
        SUMMARY.write(summary, folder / "summary.csv")
        RELIABILITY.write(reliability_table(images, run), folder / "reliability.csv")
        RISK_COVERAGE.write(curve_table(images, run), folder / "risk_coverage.csv")
