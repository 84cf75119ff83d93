"""Stage compare-calibration: how far the probabilities of all runs can be trusted, side by side."""

from pathlib import Path

import click

from cellarena.evaluation.calibration.comparison import (
    CALIBRATION,
    Calibration,
    mean_curves,
    pooled_reliability,
    side_by_side,
)
from cellarena.evaluation.calibration.tables import RELIABILITY, RISK_COVERAGE, SUMMARY, TEMPERATURE
from cellarena.records import Run
from cellarena.reporting.figures.calibration import reliability_panels, risk_coverage_curves
from cellarena.reporting.figures.style import save
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder

_REGIONS = {
    "all": "Reliability of all pixels, test subset",
    "boundary": "Reliability of pixels within 3 px of an object's boundary, test subset",
    "objects": "Reliability of predicted objects, test subset",
}


@click.command()
@click.pass_obj
def compare_calibration(project: Project) -> None:
    """Bring the calibration of every run together; draw reliability diagrams and risk-coverage curves."""
    params, layout = project.params, project.layout
    found = [_read(layout.calibration(run), run) for run in (*params.runs, *params.ensemble_runs)]
    table = side_by_side(found, [params.floor_run])
    reliability = pooled_reliability(found)
    with fresh_folder(layout.calibration_figures) as folder:
        for region, title in _REGIONS.items():
            drawn = reliability_panels(reliability[reliability["region"] == region], title)
            save(drawn, folder / f"reliability_{region}.png")
        curves = risk_coverage_curves(mean_curves(found), "Risk over coverage of predicted objects, test subset")
        save(curves, folder / "risk_coverage.png")
        CALIBRATION.write(table, layout.calibrations)


def _read(folder: Path, run: Run) -> Calibration:
    return Calibration(
        run,
        float(TEMPERATURE.read(folder / "temperature.csv")["temperature"].iloc[0]),
        SUMMARY.read(folder / "summary.csv"),
        RELIABILITY.read(folder / "reliability.csv"),
        RISK_COVERAGE.read(folder / "risk_coverage.csv"),
    )
