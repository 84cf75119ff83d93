"""The section on the data set shows its tables and says what is odd about it."""

import pandas as pd
import pytest

from cellarena.datasets.describing.tables import ALL
from cellarena.reporting.document import Illustration, Notes, ShownTable, Text, Warnings
from cellarena.reporting.sections.data_set import data_set_section
from cellarena.reporting.tables import UNDEFINED

FIGURE = Illustration("Cells", "../plots/dataset/figures/cells.png", "cells")
SHEET = Illustration("DIC", "../plots/dataset/dic.png", "a sheet")


def row(name, **changes):
    return {
        "modality": name, "n_images": 30, "n_train": 18, "n_val": 6, "n_test": 6, "n_near_duplicates": 0, "n_sizes": 1,
        "megapixels_median": 0.25, "bits": "8", "channels": "1", "n_pixel_sizes": 1,
        "pixel_sizes": "unknown (30)", "n_objects": 100, "n_empty": 0, "cells_min": 1,
        "cells_median": 10.0, "cells_max": 20, "density_median": 40.0, "area_p05": 5.0, "area_p25": 10.0,
        "area_median": 50.4, "area_p75": 70.0, "area_p95": 90.0, "diameter_median": 8.0, "touching": 0.25, "cut": 0.5,
        "n_in_pieces": 0, "background": 0.75, "interior": 0.125, "boundary": 0.125, "n_ignored": 0,
        **changes,
    }  # fmt: skip


INTENSITIES = pd.DataFrame([{
    "modality": "DIC", "dtype": "uint8", "channel": 0, "n_images": 30, "minimum": 0, "p01": 1, "median": 2, "p99": 200,
    "maximum": 255, "range_used": 1.0, "n_constant": 0, "n_clipped": 3,
}])  # fmt: skip
DUPLICATES = pd.DataFrame(columns=["group", "image", "modality", "subset", "n_in_group"])


def section(*rows, duplicates=DUPLICATES):
    return data_set_section(pd.DataFrame(rows), INTENSITIES, duplicates, [FIGURE], [SHEET])


def of_kind(made, kind):
    return [block for block in made.blocks if isinstance(block, kind)]


def test_tables_have_a_row_for_each_modality():
    made = section(row("DIC"), row(ALL))
    shown = {block.title: block.table for block in of_kind(made, ShownTable)}
    assert list(shown) == [
        "Images by modality", "Cells by modality", "Classes of pixels (shares)", "Intensities by modality",
    ]  # fmt: skip
    cells = dict(zip(shown["Cells by modality"].headings, shown["Cells by modality"].rows[0].cells, strict=True))
    assert (cells["area median (px)"].text, cells["touching (share)"].text) == ("50", "0.250")
    assert of_kind(made, Text)[0].text == "30 images with 100 annotated cells."


def test_nothing_odd_gives_no_warning_and_figures_stand_before_sheets():
    made = section(row("DIC"), row(ALL))
    assert not of_kind(made, Warnings)
    assert of_kind(made, Illustration) == [FIGURE, SHEET]
    assert of_kind(made, Text)[1].text == "No two images are near-duplicates of each other."


def test_mixed_pixel_sizes_are_warned_of():
    made = section(row("DIC", n_pixel_sizes=2, pixel_sizes="0.25 µm (10), unknown (20)"), row(ALL))
    (warning,) = of_kind(made, Warnings)
    assert "DIC: pixel sizes are mixed: 0.25 µm (10), unknown (20)" in warning.lines[0]


def test_a_modality_that_a_subset_lacks_is_warned_of():
    made = section(row("DIC", n_val=0, n_test=0), row("H&E", n_test=2), row(ALL))
    (warning,) = of_kind(made, Warnings)
    assert list(warning.lines) == [
        "DIC: no image in val and test.",
        "H&E: 2 in test, so that its scores say little of the modality.",
    ]


def test_odd_annotations_are_noted_once_by_modality():
    made = section(row("DIC", n_empty=3, n_in_pieces=7), row(ALL, n_empty=3, n_in_pieces=7))
    lines = [line for notes in of_kind(made, Notes) for line in notes.lines if line.startswith("DIC")]
    assert lines == ["DIC: 3 of 30 images without a cell.", "DIC: 7 of 100 cells in pieces that do not touch."]


def test_what_nobody_annotated_is_told():
    made = section(row("DIC", n_ignored=12_345), row(ALL, n_ignored=12_345))
    (line,) = (line for notes in of_kind(made, Notes) for line in notes.lines if line.startswith("DIC"))
    assert line.startswith("DIC: nobody annotated 12,345 pixels; no network learns from them")


def test_near_duplicates_are_listed():
    rows = [(1, "a", "DIC", "train", 2), (1, "b", "DIC", "train", 2)]
    made = section(row("DIC"), row(ALL), duplicates=pd.DataFrame(rows, columns=DUPLICATES.columns))
    assert of_kind(made, Text)[1].text == "2 images are near-duplicates of others, in 1 group."
    table = of_kind(made, ShownTable)[-1]
    assert (table.title, len(table.table.rows)) == ("Near-duplicates", 2)


def test_undefined_areas_are_shown_as_undefined():
    nothing = dict.fromkeys(("area_p05", "area_median", "area_p95", "diameter_median", "touching", "cut"), float("nan"))
    made = section(row("DIC", n_objects=0, **nothing), row(ALL))
    cells = of_kind(made, ShownTable)[1].table.rows[0].cells
    assert [cell.text for cell in cells[6:]] == [UNDEFINED] * 6


def test_a_table_without_the_row_of_all_images_is_an_error():
    with pytest.raises(KeyError, match=ALL):
        section(row("DIC"))
