from cellarena.reporting.document import ShownTable
from cellarena.reporting.sections.modalities import modalities_section
from scored import RECORDS, board


def test_modalities_have_a_column_each_with_its_number_of_images():
    (shown,) = [block for block in modalities_section(board(), RECORDS).blocks if isinstance(block, ShownTable)]
    assert shown.table.headings == ("model", "arm", "DIC (1)", "phase contrast (3)")
    rows = {row.cells[0].text: [cell.text for cell in row.cells[2:]] for row in shown.table.rows}
    assert rows["unet"] == ["1.000", "0.556"]  # (0 + 2/3 + 1) / 3
    assert set(rows) == {"unet", "otsu (not learned)"}
