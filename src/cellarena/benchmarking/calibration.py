"""How far the probabilities of all rows can be trusted, side by side; a row without any is there without values."""

from pathlib import Path

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

_REGIONS = {
    "all": "Reliability of all pixels, test subset",
    "boundary": "Reliability of pixels within 3 px of an object's boundary, test subset",
    "objects": "Reliability of predicted objects, test subset",
}


def compare_calibrations(project: Project, figures: Path) -> None:
    """Write the calibration of every row; draw reliability diagrams and risk-coverage curves."""
    grid, layout = project.grid, project.layout
    found = [_read(layout.calibration(run), run) for run in (*grid.runs, *grid.ensemble_runs)]
    table = side_by_side(found, grid.method_runs)
    reliability = pooled_reliability(found)
    for region, title in _REGIONS.items():
        drawn = reliability_panels(reliability[reliability["region"] == region], title)
        save(drawn, figures / f"reliability_{region}.png")
    curves = risk_coverage_curves(mean_curves(found), "Risk over coverage of predicted objects, test subset")
    save(curves, figures / "risk_coverage.png")
    CALIBRATION.write(table, layout.calibrations)


def _read(folder: Path, run: Run) -> Calibration:
    return Calibration(
        run,
        float(TEMPERATURE.read(folder / "temperature.csv")["temperature"].iloc[0]),
        SUMMARY.read(folder / "summary.csv"),
        RELIABILITY.read(folder / "reliability.csv"),
        RISK_COVERAGE.read(folder / "risk_coverage.csv"),
    )
