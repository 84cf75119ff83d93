"""`dvc plots diff` of two commits whose grids differ draws what each of them has."""

import json
import shutil

import pandas as pd
import pytest
import vl_convert
import yaml

from cellarena.evaluation.curves import long_curves
from workspace import ROOT, Workspace

PLOTS = {
    "F1 over IoU thresholds by model": ("plots/curves/f1_over_thresholds.csv", "threshold", "f1"),
    "Validation F1 by model": ("plots/curves/validation_f1.csv", "step", "f1"),
    "Training loss by model": ("plots/curves/training_loss.csv", "step", "loss"),
    "F1 over IoU thresholds by arm of the study": ("plots/study/curves/f1_over_thresholds.csv", "threshold", "f1"),
    "Validation F1 by arm of the study": ("plots/study/curves/validation_f1.csv", "step", "f1"),
}
"""Table, x and y of each plot."""

GRIDS = {"narrow": ("unet", "otsu"), "other": ("sac", "maunet_ensemble", "otsu"), "none": ()}
LINES = {(revision, row) for revision, rows in GRIDS.items() for row in rows}


@pytest.fixture(scope="module")
def compared(tmp_path_factory):
    """Return a repository with the project's plots and a tag on one commit for each grid."""
    workspace = Workspace(tmp_path_factory.mktemp("plots") / "project")
    shutil.copytree(ROOT / ".dvc/plots", workspace.root / ".dvc/plots")
    shutil.copy(ROOT / "params.yaml", workspace.root)
    plots = yaml.safe_load((ROOT / "dvc.yaml").read_text())["plots"]
    declared = {"plots": [plot for plot in plots if isinstance(plot, dict)]}
    (workspace.root / "dvc.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))
    (workspace.root / ".dvc/config").write_text("")
    workspace.run("git", "init", "--quiet")
    workspace.run("git", "config", "user.name", "Test")
    workspace.run("git", "config", "user.email", "test@example.org")
    for revision, rows in GRIDS.items():
        for table, x, y in PLOTS.values():
            wide = pd.DataFrame({x: [0.5, 0.75]} | {row: [0.25 + i / 8, 0.125] for i, row in enumerate(rows)})
            (workspace.root / table).parent.mkdir(parents=True, exist_ok=True)
            long_curves(wide, y).to_csv(workspace.root / table, index=False)
        workspace.run("git", "add", "--all")
        workspace.run("git", "commit", "--quiet", "--message", revision)
        workspace.run("git", "tag", revision)
    return workspace


@pytest.fixture(scope="module")
def drawn(compared):
    printed = json.loads(compared.run("dvc", "plots", "diff", *GRIDS, "--json"))
    assert not printed.get("errors")
    return {name: plot["content"] for name, (plot,) in printed["data"].items()}


def test_every_table_of_curves_is_a_plot(drawn):
    assert set(drawn) == set(PLOTS)


@pytest.mark.parametrize("name", PLOTS)
def test_every_row_of_every_revision_is_there(drawn, name):
    _, x, y = PLOTS[name]
    points = drawn[name]["data"]["values"]
    assert {(point["rev"], point["row"]) for point in points} == LINES
    found = {(point["rev"], point["row"], float(point[x])): float(point[y]) for point in points}
    assert len(found) == len(points) == 2 * len(LINES)
    assert found["other", "maunet_ensemble", 0.5] == 0.375


@pytest.mark.parametrize("name", PLOTS)
def test_every_row_of_every_revision_is_a_line_of_its_own_and_named(drawn, name):
    picture = vl_convert.vegalite_to_svg(drawn[name], vl_version="5.21")
    assert picture.count('aria-roledescription="line mark"') == len(LINES)
    assert picture.count('aria-roledescription="point"') == 2 * len(LINES)
    for text in {name, *(text for line in LINES for text in line)}:
        assert f">{text}</text>" in picture
