"""Contact sheets: one for each modality, whatever its name."""

import shutil

import numpy as np
import pytest

from cellarena.images.io import write_image, write_labels
from workspace import ROOT, Workspace


@pytest.fixture
def project(tmp_path):
    """Three annotated images of modalities whose names a file cannot bear, or that another sheet bears."""
    root, tree = tmp_path / "project", tmp_path / "tree"
    root.mkdir()
    shutil.copy(ROOT / "params.yaml", root / "params.yaml")
    for name in "abc":
        write_image(np.arange(1200, dtype=np.uint16).reshape(30, 40), tree / f"images/{name}.tiff")
        write_labels(np.eye(30, 40, dtype=np.uint16), tree / f"labels/{name}.tiff")
    (tree / "manifest.csv").write_text("image,modality\na,蛍光\nb,Overview\nc,H&E\n", encoding="utf-8")
    workspace = Workspace(root)
    workspace.set_params(**{"acquire.source": "folder", "acquire.root": str(tree)})
    return workspace


def test_every_modality_has_a_sheet_of_its_own_beside_the_overview(project, cellarena):
    assert cellarena(project.root, "acquire").code == 0
    assert cellarena(project.root, "explore").code == 0
    sheets = sorted(path.name for path in (project.root / "plots/dataset").iterdir())
    assert sheets == ["h_e.png", "overview.png", "overview_.png", "u86cdu5149.png"]
