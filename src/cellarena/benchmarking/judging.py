"""What became of a row's objects, and how far its probabilities can be trusted, image by image."""

from pathlib import Path

import pandas as pd

from cellarena.evaluation.answers import Answer
from cellarena.evaluation.calibration.per_image import ImageCalibration, image_calibration
from cellarena.evaluation.calibration.tables import (
    curve_table,
    image_table,
    object_table,
    reliability_table,
    summary_table,
)
from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.errors.analysis import Analysis, analyze, together
from cellarena.evaluation.errors.gains import count, gains
from cellarena.evaluation.errors.strata import stratify
from cellarena.evaluation.errors.worst import worst
from cellarena.evaluation.tables import write_table
from cellarena.layout import Layout
from cellarena.records import Run
from cellarena.reporting.figures.gallery import COLUMNS, Exhibition, gallery
from cellarena.reporting.figures.style import save
from cellarena.seeds import generator
from cellarena.shell.predictions import read_probabilities, read_unpredicted
from cellarena.targets.spec import Target


class AnalyzedRow:
    """A row whose errors are named while the images pass by."""

    def __init__(self, run: Run) -> None:
        """Begin without an image."""
        self.run = run
        self._images: list[Analysis] = []
        self._worst = Exhibition()

    def analyze(self, answer: Answer) -> None:
        """Name what became of every object of an image, and keep the worst errors to be shown.

        Raises:
            ValueError: if it cannot be analysed; the message names run and image.
        """
        found, annotation = analyze(answer, self.run), answer.annotation
        self._images.append(found)
        self._worst.add(worst(found.objects, COLUMNS), annotation.image, annotation.true, answer.pred)

    def write(self, limits: pd.DataFrame, folder: Path, figure: Path) -> None:
        """Write the error tables and draw the gallery; `limits` are those of `evaluation.errors.strata.bounds`."""
        done = together(self._images)
        counts = count(done)
        tables = {"objects": done.objects, "counts": counts, "gains": gains(counts), "strata": stratify(done, limits)}
        for name, table in tables.items():
            write_table(table, folder / f"{name}.csv")
        save(gallery(self._worst.rows, f"{self.run}: worst errors (each crop with its width)"), figure)


class CalibratedRow:
    """A row whose probabilities are judged while the images pass by."""

    def __init__(self, layout: Layout, run: Run, target: Target, fit: pd.DataFrame) -> None:
        """Begin without an image.

        Args:
            layout: where the probabilities lie.
            run: that predicted them.
            target: that it was taught.
            fit: its table of `temperatures`.

        Raises:
            FileNotFoundError: if the run's probabilities were not made.
        """
        self._layout, self.run, self._target, self._fit = layout, run, target, fit
        self._unpredicted = read_unpredicted(layout, run)
        self._images: dict[str, ImageCalibration | None] = {}

    def calibrate(self, answer: Answer) -> None:
        """Judge the probabilities of an image; there are none where prediction failed."""
        record = answer.annotation.record
        self._images[record.id] = None
        if not answer.failed and ("test", record.id) not in self._unpredicted:
            codes = read_probabilities(self._layout, self.run, "test", record)
            temperature = float(self._fit["temperature"].iloc[0])
            classes = answer.annotation.classes(self._target)
            self._images[record.id] = image_calibration(answer, classes, codes, temperature)

    def write(self, settings: Comparing, folder: Path) -> None:
        """Write the tables of `evaluation.calibration.tables`; intervals have the settings' confidence."""
        images, run = self._images, self.run
        tables = {
            "temperature": self._fit,
            "images": image_table(images, run),
            "objects": object_table(images, run),
            "summary": summary_table(images, run, settings, generator(0, "calibration", str(run))),
            "reliability": reliability_table(images, run),
            "risk_coverage": curve_table(images, run),
        }
        for name, table in tables.items():
            write_table(table, folder / f"{name}.csv")
