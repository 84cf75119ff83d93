"""The section on trainings says what ended how."""

import pandas as pd
import pytest

from cellarena.evaluation.trainings import TRAININGS, training_table, untrained
from cellarena.records import Run
from cellarena.reporting.document import Illustration, Notes, ShownTable, Warnings
from cellarena.reporting.sections.training import training_section
from cellarena.reporting.tables import UNDEFINED

CURVES = [Illustration("Training", "../plots/comparison/training.png", "curves")]
ENDS = {"early": (True, 100, 50), "rising": (False, 200, 200), "level": (False, 200, 100)}


@pytest.fixture
def table():
    rows = [
        dict(zip(TRAININGS.names, (f"{name}-real-0", name, "real", 0, "trained", stopped, steps, 200, best, 0.5, 0.625,
                                    0.25, 61.5, 1_626_072, "width 16", "cpu"), strict=True))
        for name, (stopped, steps, best) in ENDS.items()
    ]  # fmt: skip
    return training_table(rows)


def of_kind(section, kind):
    return [block for block in section.blocks if isinstance(block, kind)]


def test_every_training_is_a_row_in_readable_units(table):
    (shown,) = of_kind(training_section(table, CURVES), ShownTable)
    assert [cell.text for cell in shown.table.rows[0].cells] == [
        "early-real-0", "100 of 200", "50", "0.500", "0.625", "0.250", "62", "1.626", "width 16", "cpu",
    ]  # fmt: skip
    assert len(shown.table.rows) == 3


def test_notes_tell_early_stops_from_trainings_that_were_still_rising(table):
    (notes,) = of_kind(training_section(table, CURVES), Notes)
    ends = [line for line in notes.lines if line.endswith("-real-0.")]
    assert [line.rsplit(": ", 1)[1] for line in ends] == ["early-real-0.", "rising-real-0."]


def test_a_run_without_checkpoint_is_warned_of_and_shown(table):
    section = training_section(pd.concat([table, training_table([untrained(Run("sac", "real", 0))])]), CURVES)
    (warning,) = of_kind(section, Warnings)
    assert warning.lines == ["sac-real-0: no checkpoint."]
    (shown,) = of_kind(section, ShownTable)
    assert [cell.text for cell in shown.table.rows[3].cells] == ["sac-real-0", *[UNDEFINED] * 9]


def test_without_alarm_there_is_no_warning_and_the_curves_come_last(table):
    section = training_section(table, CURVES)
    assert not of_kind(section, Warnings)
    assert section.blocks[-1] is CURVES[0]


def test_the_table_is_the_same_after_a_round_trip_through_its_file(table, tmp_path):
    whole = pd.concat([table, training_table([untrained(Run("sac", "real", 0))])])
    TRAININGS.write(whole, tmp_path / "training.csv")
    read = TRAININGS.read(tmp_path / "training.csv")
    assert training_section(read, CURVES) == training_section(whole, CURVES)
