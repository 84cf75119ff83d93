"""The notebook runs from the tables of the stage explore, and is kept without outputs."""

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from cellarena.shell.project import Project
from cellarena.stages.explore import explore
from small_data_set import new_data_set
from workspace import ROOT

PATH = ROOT / "notebooks/data_analysis.ipynb"


@pytest.fixture
def notebook():
    found = nbformat.read(PATH, as_version=4)
    nbformat.validate(found)
    return found


def executed(notebook, folder):
    """Return all that the cells of a notebook print and show, run in a folder; a cell that fails raises."""
    client = NotebookClient(notebook, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.execute()
    return [output for cell in notebook.cells for output in cell.get("outputs", [])]


def test_it_is_kept_without_outputs(notebook):
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert code
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


def test_every_cell_runs_on_a_small_data_set(notebook, tmp_path):
    layout = new_data_set(tmp_path)
    explore.main([], obj=Project(layout), standalone_mode=False)
    # From a folder within the project, as Jupyter starts it.
    (tmp_path / "notebooks").mkdir()
    outputs = executed(notebook, tmp_path / "notebooks")
    shown = [output["data"] for output in outputs if "data" in output]
    assert any("8 images, 16 cells, 3 modalities" in data.get("text/plain", "") for data in shown)
    assert sum("image/png" in data for data in shown) == 5


def test_without_tables_it_says_what_to_run(notebook, tmp_path):
    new_data_set(tmp_path)
    with pytest.raises(CellExecutionError, match="dvc repro explore"):
        executed(notebook, tmp_path)
