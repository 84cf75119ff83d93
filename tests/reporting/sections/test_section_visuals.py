from cellarena.records import Run
from cellarena.reporting.document import Illustration, Notes
from cellarena.reporting.sections.visuals import visuals_section


def test_the_appendix_names_the_run_and_keeps_the_order_of_its_figures():
    figures = [Illustration(title, "../plots/a.png", "") for title in ("b", "a")]
    section = visuals_section(figures, Run("unet", "real", 3))
    notes, *rest = section.blocks
    assert rest == figures
    assert isinstance(notes, Notes)
    assert "that of unet-real-3" in " ".join(notes.lines)
