from cellarena.evaluation.summary import per_image
from cellarena.reporting.document import ShownTable, Text
from cellarena.reporting.sections.images import images_section
from scored import RECORDS, scored


def test_images_are_listed_hardest_first_with_what_failed():
    section = images_section(per_image(scored(), "real"), RECORDS, {"b": "unet-real-0: damaged"})
    (shown,) = [block for block in section.blocks if isinstance(block, ShownTable)]
    texts = [[cell.text for cell in row.cells] for row in shown.table.rows]
    assert [row[0] for row in texts[:2]] == ["b", "c"]
    assert [row[-1] for row in texts] == ["unet-real-0: damaged", "", "", ""]
    assert [row.failed for row in shown.table.rows] == [True, False, False, False]
    assert shown.table.headings == ("image", "modality", "objects", "otsu", "unet", "failure")
    assert shown.at_most == 30


def test_no_test_image_is_a_sentence():
    section = images_section(per_image(scored(), "real"), [], {})
    assert section.blocks == [Text("There are no test images.")]
