import numpy as np
import pytest

from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.mixed_model import mixed_model
from cellarena.evaluation.rank_tests import rank_table
from cellarena.evaluation.statistics import intervals, pairwise
from cellarena.evaluation.trials import Trials
from cellarena.reporting.document import Illustration, Notes, ShownTable, Text, Warnings
from cellarena.reporting.figures.statistics import interval_dots, rank_diagram, short_rows, verdict_matrix
from cellarena.reporting.figures.style import save
from cellarena.reporting.sections.statistics import statistics_section

SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=100)
ROWS = ("a_model_with_a_long_name-real", "unet-real", "sac-real", "otsu-real")


def trials(n_seeds):
    rng = np.random.default_rng(0)
    image, names = rng.normal(0.6, 0.1, 15), tuple(f"i{k}" for k in range(15))
    found = []
    for row, step in zip(ROWS, (0.3, 0.1, 0.099, 0.0), strict=True):
        n = 1 if row == "otsu-real" else n_seeds
        found.append(Trials(row, names, step + image + rng.normal(0, 0.005, (n, 15)), learned=row != "otsu-real"))
    return found


def tables(n_seeds):
    rows = trials(n_seeds)
    return pairwise(rows, SETTINGS), rank_table(rows, 0.95), intervals(rows, SETTINGS), mixed_model(rows)


def section(n_seeds):
    figure = Illustration("Intervals", "../plots/comparison/intervals.png", "How sure it is.")
    return statistics_section(*tables(n_seeds), [figure], 0.01, 0.95)


def of(kind, found):
    return [block for block in found.blocks if isinstance(block, kind)]


def test_the_section_says_of_every_pair_what_holds():
    found = section(4)
    assert not of(Warnings, found)
    assert of(Text, found)[0].text.startswith("Of 6 pairs 5 differ, ")
    verdicts = next(block.table for block in of(ShownTable, found) if block.title == "Verdict on every pair")
    assert [row.cells[2].text.split()[0] for row in verdicts.rows].count("better") == 5
    notes = " ".join(of(Notes, found)[0].lines)
    assert "Friedman's test over 15 images" in notes
    assert "difference from a_model_with_a_long_name-real: unet-real -0." in notes
    assert [block.title for block in of(Illustration, found)] == ["Intervals"]


def test_one_seed_is_a_caution():
    found = section(1)
    (caution,) = of(Warnings, found)[0].lines
    assert "(a_model_with_a_long_name-real, unet-real, sac-real)" in caution
    assert "of 6 nobody can tell" in of(Text, found)[0].text
    assert "not fitted: 1 seed" in " ".join(of(Notes, found)[0].lines)


def texts_within(figure):
    width, height = figure.canvas.get_width_height()
    renderer = figure.canvas.get_renderer()
    axes = figure.axes[0]
    texts = [*figure.texts, *axes.texts, axes.xaxis.label, axes.yaxis.label, *axes.get_yticklabels()]
    for text in [*texts, *(t for legend in figure.legends for t in legend.get_texts())]:
        if text.get_text():
            box = text.get_window_extent(renderer)
            assert box.x0 >= -1, text
            assert box.y0 >= -1, text
            assert box.x1 <= width + 1, text
            assert box.y1 <= height + 1, text


@pytest.mark.parametrize("n_seeds", [1, 4])
def test_no_text_of_a_figure_is_cut(n_seeds, tmp_path):
    pairs, ranks, found, _ = tables(n_seeds)
    seeds = found[["row", "mean"]].rename(columns={"mean": "value"})
    for k, figure in enumerate((
        interval_dots(found, seeds, ROWS, 0.95, "Intervals"),
        verdict_matrix(pairs, "Verdicts"),
        rank_diagram(ranks, ROWS, "Ranks"),
    )):  # fmt: skip
        texts_within(figure)
        assert figure.axes[0].get_xlabel()
        save(figure, tmp_path / f"{k}.png")
        assert (tmp_path / f"{k}.png").stat().st_size > 0


@pytest.mark.parametrize(("n_seeds", "said"), [(1, "1 seed"), (4, "4 seeds")])
def test_a_row_says_of_how_many_trainings_it_is_and_the_floor_that_it_learned_nothing(n_seeds, said):
    found = tables(n_seeds)[2]
    seeds = found[["row", "mean"]].rename(columns={"mean": "value"})
    labels = [text.get_text() for text in interval_dots(found, seeds, ROWS, 0.95, "").axes[0].get_yticklabels()]
    assert {label.split("\n")[1] for label in labels if not label.startswith("otsu")} == {said}
    assert [label for label in labels if label.startswith("otsu")] == ["otsu\nnot learned"]


def signs(pairs):
    """Return the sign in each cell: row, column -> sign."""
    axes = verdict_matrix(pairs, "Verdicts").axes[0]
    return {(round(t.get_position()[1] + 0.14), t.get_position()[0]): t.get_text() for t in axes.texts
            if len(t.get_text()) == 1}  # fmt: skip


def test_the_matrix_says_better_to_the_right_and_worse_to_the_left():
    drawn = signs(tables(4)[0])
    assert len(drawn) == 12
    assert drawn[0, 3] == "+"
    assert drawn[3, 0] == "\N{MINUS SIGN}"
    assert set(signs(tables(1)[0]).values()) == {"?"}


def test_the_noise_floor_is_a_band_only_where_it_is_known():
    for n_seeds, bands in ((1, 0), (4, 3)):
        found = tables(n_seeds)[2]
        seeds = found[["row", "mean"]].rename(columns={"mean": "value"})
        axes = interval_dots(found, seeds, ROWS, 0.95, "Intervals").axes[0]
        assert len(axes.patches) == bands


def test_a_bar_joins_the_rows_that_share_a_letter():
    ranks = tables(4)[1]
    bars = [c for c in rank_diagram(ranks, ROWS, "Ranks").axes[0].collections if c.get_linewidth()[0] == 4]
    shared = [letter for letter in "abcd" if sum(letter in group for group in ranks["group"]) > 1]
    assert shared
    assert len(bars) == len(shared)


def test_names_are_short_where_there_is_one_arm():
    assert short_rows(["unet-real", "sac-real"]) == ["unet", "sac"]
    assert short_rows(["unet-real", "unet-synthetic"]) == ["unet-real", "unet-synthetic"]


def test_a_figure_names_the_column_it_lacks():
    pairs, ranks, found, _ = tables(1)
    with pytest.raises(ValueError, match="verdict is missing"):
        verdict_matrix(pairs.drop(columns="verdict"), "Verdicts")
    with pytest.raises(ValueError, match="group is missing"):
        rank_diagram(ranks.drop(columns="group"), ROWS, "Ranks")
    with pytest.raises(ValueError, match="noise_floor is missing"):
        interval_dots(found.drop(columns="noise_floor"), found, ROWS, 0.95, "Intervals")
