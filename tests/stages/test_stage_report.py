"""A report of damaged numbers is refused, by the name of their file."""

import pytest

pytestmark = pytest.mark.journey


@pytest.mark.parametrize(
    "file",
    [
        "data/splits/leakage.json",
        "metrics/anatomy/gains.csv",
        "metrics/benchmark.csv",
        "metrics/calibration.csv",
        "metrics/dataset/summary.csv",
        "metrics/pairwise.csv",
        "metrics/training.csv",
    ],
)
@pytest.mark.parametrize("content", ["", "<<<<<<< HEAD\n", "[]"])
def test_damaged_numbers_are_refused_by_name_and_the_earlier_report_stays(workspace, cellarena, file, content):
    before = workspace.hashes("reports")
    # What DVC checks out may be read-only or linked to its cache.
    (workspace.root / file).unlink()
    (workspace.root / file).write_text(content)
    outcome = cellarena(workspace.root, "report")
    assert outcome.code == 2
    assert outcome.err.startswith(f"cellarena: {file}: damaged or edited (")
    assert outcome.err.count("\n") == 1
    assert workspace.hashes("reports") == before
