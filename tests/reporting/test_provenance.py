from cellarena.records import Run
from cellarena.reporting.document import Illustration, Section, ShownTable, Text
from cellarena.reporting.provenance import source_of, sourced
from cellarena.reporting.tables import Table

EMPTY = Table((), (), ())


def test_a_source_names_protocol_and_runs_as_a_shell_would_expand_them():
    runs = [Run("unet", "real", 1), Run("unet", "real", 0), Run("otsu", "real", 0), Run("unet", "mixed10", 0)]
    assert source_of("strict-1", runs) == "strict-1; runs otsu-real-0, unet-mixed10-0, unet-real-{0,1}"
    assert source_of("strict-1", []) == "strict-1; runs none"


def test_tables_and_figures_get_a_source_unless_they_name_their_own():
    blocks = [Text("t"), ShownTable("a", EMPTY), ShownTable("b", EMPTY, source="mine"), Illustration("c", "c.png", "")]
    section = sourced(Section("s", blocks), "strict-1; runs unet-real-0")
    assert section.blocks[0] == Text("t")
    assert [block.source for block in section.blocks[1:]] == [
        "strict-1; runs unet-real-0", "mine", "strict-1; runs unet-real-0",
    ]  # fmt: skip
