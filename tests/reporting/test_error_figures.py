"""Figures and section of the error analysis, on small tables."""

from itertools import product

import numpy as np
import pandas as pd
import pytest

from cellarena.evaluation.errors.categories import ERRORS, OF_TRUE
from cellarena.evaluation.errors.gains import ALL
from cellarena.evaluation.errors.worst import Specimen
from cellarena.images.intensity import to_rgb8
from cellarena.reporting.document import Illustration, Notes, ShownTable, Text, Warnings
from cellarena.reporting.figures.errors import category_bars, gain_table, recall_by_stratum, recall_grids
from cellarena.reporting.figures.gallery import Exhibit, Exhibition, gallery, surroundings
from cellarena.reporting.sections.errors import errors_section
from cellarena.reporting.tables import UNDEFINED

ROWS = ["unet", "a very long name of a model that goes on", "otsu"]
SHARES = {f"share_{category}": 1 / len(OF_TRUE) for category in OF_TRUE}


def inside(figure):
    """Check that no text is cut by the figure's edge."""
    width, height = figure.canvas.get_width_height()
    renderer = figure.canvas.get_renderer()
    texts = [*figure.texts, *(figure.legends[0].get_texts() if figure.legends else [])]
    for axes in (axes for axes in figure.axes if axes.axison):
        texts += [axes.xaxis.label, axes.yaxis.label]
        for k, axis in enumerate((axes.xaxis, axes.yaxis)):
            low, high = sorted(axis.get_view_interval())
            texts += [label for label in axis.get_ticklabels() if low <= label.get_position()[k] <= high]
    texts += [text for axes in figure.axes for text in (axes._left_title, *axes.texts)]
    for text in (text for text in texts if text.get_text() and text.get_visible()):
        box = text.get_window_extent(renderer)
        assert -1 <= box.x0 <= box.x1 <= width + 1, text
        assert -1 <= box.y0 <= box.y1 <= height + 1, text


def totals():
    rows = [{"row": row, "n_true": 4068.0, "spurious_per_true": n, **SHARES} for n, row in enumerate(ROWS)]
    return pd.DataFrame(rows)


def test_bars_are_stacked_to_one_and_name_their_objects():
    figure = category_bars(totals(), "Errors")
    inside(figure)
    left, right = figure.axes
    ends = [patch.get_x() + patch.get_width() for patch in left.patches]
    assert max(ends) == pytest.approx(1)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(OF_TRUE)
    assert len({(p.get_facecolor(), p.get_hatch()) for p in left.patches}) == len(OF_TRUE)
    assert [text.get_text().strip() for text in right.texts] == ["0.000", "1.000", "2.000"]


def test_bars_of_a_run_without_annotated_objects_are_empty_and_marked():
    table = totals().assign(spurious_per_true=np.nan, n_true=0, **dict.fromkeys(SHARES, np.nan))
    figure = category_bars(table, "Errors")
    assert {text.get_text().strip() for text in figure.axes[1].texts} == {UNDEFINED}
    assert all(patch.get_width() == 0 for patch in figure.axes[0].patches)


def test_gains_are_numbers_in_the_order_of_the_models():
    cells = [
        {"row": row, "category": category, "gain": k / 100}
        for k, (row, category) in enumerate(product(reversed(ROWS), (*ERRORS, ALL)))
    ]
    figure = gain_table(pd.DataFrame(cells), "Gains")
    inside(figure)
    assert [text.get_text() for text in figure.axes[0].texts] == [f"{k / 100:.3f}" for k in range(21)]
    assert [label.get_text()[:6] for label in figure.axes[0].get_yticklabels()] == ["otsu", "a very", "unet"]


def strata(by="diameter"):
    edges = [-np.inf, 12.46, 20.2, np.inf]
    rows = [
        {"run": f"{run}-real-0", "row": run, "by": by, "stratum": str(k + 1), "low": edges[k], "high": edges[k + 1],
         "n_true": 10 * k, "recall": 0.5 if k else np.nan}
        for run in ("unet", "otsu") for k in range(3)
    ]  # fmt: skip
    undefined = [{**row, "stratum": "undefined", "low": np.nan, "high": np.nan, "n_true": 0} for row in rows[::3]]
    return pd.DataFrame([*rows, *undefined])


def test_recall_has_a_line_for_each_model_and_says_how_many_objects():
    figure = recall_by_stratum(strata(), "Recall", "diameter (px)")
    inside(figure)
    assert [len(line.get_xdata()) for line in figure.axes[0].lines] == [3, 3]
    labels = [label.get_text() for label in figure.axes[0].get_xticklabels()]
    assert labels == ["≤ 12.5\n0 objects", "12.5 to 20.2\n10 objects", "> 20.2\n20 objects"]


def test_grids_show_undefined_cells_as_dashes():
    table = pd.DataFrame([
        {"row": row, "diameter_low": a, "diameter_high": b, "distance_low": c, "distance_high": d, "n_true": 1,
         "recall": np.nan if d == 5 else b / 100}
        for row in "abcde" for a, b in ((-np.inf, 12.0), (12.0, np.inf)) for c, d in ((-np.inf, 5.0), (5.0, np.inf))
    ]).replace({"recall": np.inf}, 1.0)  # fmt: skip
    figure = recall_grids(table, "Recall")
    inside(figure)
    shown = [axes for axes in figure.axes if axes.axison]
    assert len(shown) == 5
    assert [text.get_text() for text in shown[0].texts] == [UNDEFINED, UNDEFINED, "0.12", "1.00"]


def test_a_missing_column_is_named():
    with pytest.raises(ValueError, match="spurious_per_true is missing"):
        category_bars(totals().drop(columns="spurious_per_true"), "Errors")


def error(image="image", kind="merge", true=(4,), pred=(8,), rank=0):
    return Specimen(kind, image, true, pred, "2 as 1", (rank, -1.0, -1.0, image, 0))


def images(size=100):
    labels = np.zeros((size, size), np.uint16)
    labels[2:12, 80:95] = 4
    return labels.astype(np.uint8), labels, labels * 2


def test_the_part_around_an_error_is_square_and_within_the_image():
    assert surroundings(error(), *images()) == (slice(0, 48), slice(52, 100))
    assert surroundings(error(true=()), *images()) == (slice(0, 48), slice(52, 100))


def test_what_is_not_there_cannot_be_shown():
    with pytest.raises(ValueError, match="image: none of the objects"):
        surroundings(error(true=(9,), pred=()), *images())
    with pytest.raises(ValueError, match="image: .*differ in size"):
        surroundings(error(), *images()[:2], np.zeros((3, 3), int))


def test_what_is_cut_out_has_the_intensities_of_the_whole_image():
    image, true, pred = images()
    image[-10:] = 200
    cut = Exhibit.of(error(), image, true, pred)
    assert cut.rgb.shape == (48, 48, 3)
    assert (cut.rgb == to_rgb8(image)[:48, 52:]).all()
    assert (cut.true == true[:48, 52:]).all()


def test_the_worst_of_all_images_are_kept_and_no_more():
    shown = Exhibition()
    for rank in (5, 3, 1, 4, 2, 0):
        shown.add([error(f"image {rank}", rank=rank), error(kind="split", rank=rank)], *images())
    assert [exhibit.specimen.image for exhibit in shown.rows["merge"]] == [f"image {k}" for k in range(4)]
    assert [exhibit.specimen.rank[0] for exhibit in shown.rows["split"]] == [0, 1, 2, 3]
    assert shown.rows["missed"] == []


def test_a_gallery_has_a_row_for_each_kind_and_names_that_fit():
    first, second = (Exhibit.of(error(name), *images()) for name in ("x" * 80, "$a_b$\n\u202e"))
    rows = {"merge": [first, second] * 4, "merge+split": [first], "split": []}
    figure = gallery(rows, "unet-real-0: the worst")
    inside(figure)
    drawn = [axes for axes in figure.axes if axes.images]
    assert len(drawn) == 5
    assert drawn[0]._left_title.get_text() == "x" * 18 + "…\n2 as 1 in 48 px"
    assert drawn[1]._left_title.get_text().startswith("$a_b$ \ufffd\n")
    headings = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert headings == ["merge", "merge+split"]


def test_a_run_without_an_error_says_so():
    assert "No error" in gallery({}, "unet-real-0").texts[-1].get_text()


def tables():
    runs = ["unet-real-0", "otsu-real-0"]
    counts = [*(f"n_true_{c}" for c in OF_TRUE), "n_pred_spurious", *(f"n_events_{c}" for c in ERRORS)]
    categories = pd.DataFrame({"run": runs, "n_images": 2, "n_failed": [0, 1], "n_true": 9, "n_lost_to_border_rule": 3})
    categories = categories.assign(**{name: k for k, name in enumerate(counts)})
    gains = pd.DataFrame([
        {"run": run, "by": by, "stratum": stratum, "category": c, "n_images": 2, "f1": 0.5, "gain": 0.1}
        for run in runs for by, stratum in (("all images", ""), ("modality", "DIC"), ("modality", "a|b"))
        for c in (*ERRORS, ALL)
    ])  # fmt: skip
    hard = pd.DataFrame({
        "image": ["<b>"], "mean_f1": 0.1, "worst_f1": 0.0, "best_f1": 0.2,
        "n_models": 7, "n_hard": 7, "hard_for_all": 1,
    })  # fmt: skip
    return categories, gains, pd.concat([strata(), strata("modality")]), hard


def test_the_section_holds_every_table_and_figure():
    picture = Illustration("Errors", "../plots/anatomy/categories.png", "")
    section = errors_section(*tables(), [picture])
    shown = {block.title: block.table for block in section.blocks if isinstance(block, ShownTable)}
    assert [len(table.rows) for table in shown.values()] == [2, 2, 4, 6, 1]
    assert picture in section.blocks
    assert isinstance(section.blocks[-1], Notes)
    (warnings,) = [block.lines for block in section.blocks if isinstance(block, Warnings)]
    assert warnings == ["otsu-real-0: all objects of 1 of 2 images count as missed, as there is no prediction."]
    gains = shown["Gain in mean F1 if one kind of error were fixed"]
    assert gains.headings == ("run", "images", "F1", *ERRORS, "all: 1 - F1")
    recall = shown["Recall by kind of object"]
    assert recall.headings == ("by", "stratum", "objects", "unet-real-0", "otsu-real-0")
    assert [cell.text for cell in recall.rows[1].cells] == ["diameter", "12.5 to 20.2 px", "10", "0.500", "0.500"]
    (text,) = [block.text for block in section.blocks if isinstance(block, Text)]
    assert text.startswith("1 of 1 images is hard for all models")


def test_without_a_run_the_section_says_so():
    section = errors_section(*(table.head(0) for table in tables()), [])
    assert section.blocks == [Text("No run was analysed.")]
