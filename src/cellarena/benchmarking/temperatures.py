"""The temperatures of all runs, from one pass over the validation images."""

from collections.abc import Mapping

import click
import numpy as np
import pandas as pd

from cellarena.benchmarking.scoring import annotations
from cellarena.evaluation.calibration.pixel_counts import Counts, PixelCounts, count_pixels
from cellarena.evaluation.calibration.temperature import fitted_temperature, nll_at
from cellarena.images.probabilities import N_CODES
from cellarena.records import Run
from cellarena.shell.predictions import read_probabilities, read_unpredicted
from cellarena.shell.project import Project
from cellarena.targets.spec import Target


def temperatures(project: Project, targets: Mapping[Run, Target]) -> dict[Run, pd.DataFrame]:
    """Return what fits the probabilities of each run on the validation subset: a table of one row.

    Args:
        project: where they lie.
        targets: the target that each run was taught.

    Raises:
        FileNotFoundError: if the probabilities of a run were not made.
    """
    unpredicted = {run: read_unpredicted(project.layout, run) for run in targets}
    counts = {run: np.zeros((N_CODES, 3), np.int64) for run in targets}
    seen = {run: [0, 0] for run in targets}
    for record, true, ignored in annotations(project, "val", "fitting temperatures to validation images"):
        annotated = np.ones(true.shape, bool) if ignored is None else ~ignored
        classes = {target: target.true_classes(true) for target in set(targets.values())}
        for run, target in targets.items():
            failed = ("val", record.id) in unpredicted[run]
            seen[run][failed] += 1
            if not failed:
                codes = read_probabilities(project.layout, run, "val", record)
                counts[run] += count_pixels(codes, classes[target], annotated)
    return {run: _fit(run, counts[run], *seen[run]) for run in targets}


def _fit(run: Run, counts: Counts, n_images: int, n_failed: int) -> pd.DataFrame:
    validation = PixelCounts.of(counts)
    temperature = fitted_temperature(validation)
    click.echo(f"{run}: temperature {temperature:.3f} from {n_images} validation images")
    return pd.DataFrame([{
        "run": str(run), "temperature": temperature, "nll_raw": nll_at(validation, 1.0),
        "nll_scaled": nll_at(validation, temperature), "n_pixels": int(counts.sum()), "n_images": n_images,
        "n_failed": n_failed,
    }])  # fmt: skip
