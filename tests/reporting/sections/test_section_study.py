from cellarena.evaluation.arm_contents import Contents
from cellarena.evaluation.study import study_by_modality, study_table
from cellarena.reporting.document import Notes, ShownTable, Text, Warnings
from cellarena.reporting.sections.study import (
    answer_section,
    comparisons_section,
    dose_section,
    limits_section,
    no_study_section,
    parts_section,
)
from cellarena.reporting.tables import UNDEFINED
from planted import CONTENTS, IMAGES, SETTINGS, planted, trials

LOW = {"low10": Contents("R10", "", 10, 0, 0), "low10_s": Contents("R10+S", "texture", 10, 0, 50)}
HELD = CONTENTS | LOW
SCORES = trials({**planted(mixed50=0.06, synthetic=-0.2), "low10": -0.2, "low10_s": -0.1}, n_seeds=3)
TABLE = study_table(SCORES, HELD, SETTINGS)


def of_kind(section, kind):
    return [block for block in section.blocks if isinstance(block, kind)]


def rows(shown):
    return [[cell.text for cell in row.cells] for row in shown.table.rows]


def test_the_answer_is_a_sentence_and_then_one_for_every_comparison():
    section = answer_section(TABLE, 0.01)
    assert section.blocks[0].text.startswith("Synthetic images help unet: R+S@50 is better than R by 0.0")
    (notes,) = of_kind(section, Notes)
    assert len(notes.lines) == len(HELD)
    assert notes.lines[-1].startswith("unet: R10+S is better than R10 by 0.")
    assert not of_kind(section, Warnings)


def test_one_seed_is_a_warning():
    section = answer_section(study_table(SCORES[SCORES["seed"] == 0], HELD, SETTINGS), 0.01)
    assert of_kind(section, Warnings)[0].lines[0].startswith("With 1 seed the spread between trainings is unknown")


def test_every_arm_has_one_line_with_what_it_learns_from():
    (shown,) = of_kind(dose_section(TABLE, []), ShownTable)
    found = {line[0]: line[1:5] for line in rows(shown)}
    assert list(found) == [held.label for held in HELD.values()]
    assert found["R+S@50"] == ["100", "0", "50", "pix2pix"]
    assert found["R repeated"] == ["100", "50", "0", UNDEFINED]


def test_the_family_counts_every_comparison_and_names_its_reference():
    section = comparisons_section(TABLE, [], 0.01, 0.95)
    (shown,) = of_kind(section, ShownTable)
    assert rows(shown)[-1][:2] == ["R10+S", "R10"]
    assert len(rows(shown)) == len(HELD)
    assert f"one family of {len(HELD)} comparisons" in of_kind(section, Notes)[0].lines[0]


def test_modalities_say_their_number_of_images():
    modalities = {image: "DIC" if k < 40 else "H&E | $x$" for k, image in enumerate(IMAGES)}
    (shown,) = of_kind(parts_section(study_by_modality(SCORES, modalities, HELD, SETTINGS), []), ShownTable)
    assert {(line[0], line[3]) for line in rows(shown)} == {("DIC", "40"), ("H&E | $x$", "20")}


def test_limits_and_the_absence_of_a_study_are_said():
    assert "1 training and 21 test images" in of_kind(limits_section(1, 21), Notes)[0].lines[0]
    assert "study.models" in of_kind(no_study_section(), Text)[0].text
