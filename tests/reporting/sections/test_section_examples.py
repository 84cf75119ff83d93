from cellarena.evaluation.summary import per_image
from cellarena.reporting.document import Illustration, Text
from cellarena.reporting.sections.examples import examples_of, examples_section
from scored import RECORDS, scored


def test_examples_are_one_of_each_modality_and_the_hardest():
    chosen = examples_of(per_image(scored(), "real"), RECORDS, ["unet"])
    assert [example.name for example in chosen] == ["dic", "phase_contrast", "hardest_of_all"]
    assert [example.record.modality for example in chosen[:2]] == ["DIC", "phase contrast"]
    assert chosen[2].record.id == "b"


def test_the_examples_of_a_modality_do_not_depend_on_scores():
    scores = per_image(scored(), "real")
    turned = scores.assign(unet=1 - scores["unet"])
    first, second = (examples_of(table, RECORDS, ["unet"]) for table in (scores, turned))
    assert [example.record.id for example in first[:2]] == [example.record.id for example in second[:2]]
    assert first[2].record.id != second[2].record.id


def test_figures_keep_their_order_and_their_absence_is_a_sentence():
    figures = [Illustration(title, "../plots/a.png", "") for title in ("b", "a")]
    assert examples_section(figures).blocks[1:] == figures
    assert examples_section([]).blocks == [Text("No test image could be shown as an example.")]
