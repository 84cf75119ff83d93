"""The section on synthetic images says what the tables hold, beside what real images reach."""

import numpy as np
import pandas as pd

from cellarena.reporting.document import Illustration, Notes, ShownTable, Text
from cellarena.reporting.sections.synthesis import synthesis_section
from cellarena.reporting.tables import UNDEFINED

ROWS = [
    ("kid", "all images", "synthetic", 0.0412, 0.0061, 12, 30),
    ("kid", "all images", "val", 0.0021, 0.004, 5, 30),
    ("kid", "all images", "shuffled", 3.1, 0.2, 5, 30),
    ("checkerboard", "all images", "train", 0.01, 0.02, 30, 0),
    ("kid", "H&E | $x$", "synthetic", np.nan, np.nan, 1, 30),
    ("kid", "H&E | $x$", "val", 0.5, np.nan, 2, 30),
]
TABLE = pd.DataFrame(ROWS, columns=["measure", "modality", "images", "value", "sd", "n", "n_reference"])


def cells(shown):
    return [[cell.text for cell in row.cells] for row in shown.table.rows]


def test_every_measure_stands_beside_that_of_real_and_of_shuffled_images():
    overall = next(b for b in synthesis_section({"texture": TABLE}, []).blocks if isinstance(b, ShownTable))
    assert overall.table.headings == ("measure", "synthetic", "validation", "shuffled", "train", "images")
    assert cells(overall) == [
        ["kernel distance of features (KID)", "0.0412 ± 0.0061", "0.0021 ± 0.004", "3.1 ± 0.2", UNDEFINED, "12"],
        ["checkerboard peak (decades)", UNDEFINED, UNDEFINED, UNDEFINED, "0.01 ± 0.02", "0"],
    ]


def test_a_modality_that_cannot_be_measured_is_a_row_with_its_number_of_images():
    by_modality = [b for b in synthesis_section({"texture": TABLE}, []).blocks if isinstance(b, ShownTable)][1]
    first = cells(by_modality)[0]
    assert first == ["H&E | $x$", "kernel distance of features (KID)", UNDEFINED, "0.5", UNDEFINED, "1", "2"]
    assert len(by_modality.table.rows) == 5


def test_the_sentence_names_generator_and_both_values():
    text = next(b.text for b in synthesis_section({"tex\nture": TABLE}, []).blocks if isinstance(b, Text))
    assert text.startswith("The kernel distance of tex ture to the train subset is 0.0412 ± 0.0061; that of the")
    assert "validation images 0.0021 ± 0.004." in text


def test_several_generators_share_definitions_and_figures_come_last():
    figure = Illustration("Spectra", "../plots/quality/a/spectra.png", "Power.")
    blocks = synthesis_section({"a": TABLE, "b": TABLE}, [figure]).blocks
    assert sum(isinstance(block, ShownTable) for block in blocks) == 4
    assert [type(block) for block in blocks[-2:]] == [Notes, Illustration]
    assert list(synthesis_section({}, []).blocks) == [Notes(())]
