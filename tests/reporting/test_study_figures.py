import numpy as np
import pytest
from matplotlib import colors

from cellarena.evaluation.arm_contents import Contents
from cellarena.evaluation.study import study_by_modality, study_table
from cellarena.reporting.figures.curves import validation_curves
from cellarena.reporting.figures.differences import differences, differences_by_modality
from cellarena.reporting.figures.study import dose_response
from planted import CONTENTS, IMAGES, SETTINGS, planted, trials
from test_figures import _within

EFFECTS = planted(mixed50=0.06, synthetic=-0.2)


def tables(n_seeds=3, effects=EFFECTS, contents=CONTENTS):
    table = trials(effects, n_seeds=n_seeds)
    seeds = table.assign(arm=table["row"].str.partition("-")[2]).groupby(["arm", "seed"])["value"].mean().reset_index()
    return study_table(table, contents, SETTINGS), seeds


def texts(figure):
    return {text.get_text() for axes in figure.axes for text in [*axes.texts, *axes.get_yticklabels(),
                                                                *axes.get_xticklabels()]}  # fmt: skip


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_doses_stand_at_their_share_and_other_arms_beside_them(n_seeds):
    table, seeds = tables(n_seeds)
    figure = dose_response(table, seeds, 0.01, 0.95, "unet")
    doses, others = figure.axes
    assert [tick.get_text() for tick in doses.get_xticklabels()] == ["0", "10", "50"]
    assert [tick.get_text() for tick in others.get_xticklabels()] == ["R repeated", "S"]
    joined = [line for line in doses.lines if len(line.get_xdata()) == 3]
    assert len(joined) == 1
    np.testing.assert_allclose(joined[0].get_xdata(), [0, 10, 50])
    of_doses = table.set_index("arm").loc[["real", "mixed10", "mixed50"], "mean"]
    np.testing.assert_allclose(joined[0].get_ydata(), of_doses)
    _within(figure)


def test_the_axis_ends_where_a_mean_f1_does():
    table, seeds = tables(3)
    wide = table.assign(low=np.where(table["reference"] == "", np.nan, -3), high=3.0)
    for axes in dose_response(wide, seeds, 0.01, 0.95, "unet").axes:
        low, high = axes.get_ylim()
        assert -0.05 < low < table["mean"].min()
        assert table["mean"].max() < high < 1.05


def test_a_study_of_doses_alone_has_one_panel_and_long_names_fit():
    held = {name: CONTENTS[name] for name in ("real", "mixed10")}
    held["mixed10"] = Contents("a label of 24 characters", "a_generator_of_a_long_name", 100, 0, 10)
    table, seeds = tables(effects={"real": 0, "mixed10": 0.1}, contents=held)
    figure = dose_response(table, seeds, 0.01, 0.95, "unet")
    assert len(figure.axes) == 1
    _within(figure)
    _within(differences(table, 0.01, 0.95, "unet"))


def test_a_dose_response_without_its_reference_is_refused():
    table, seeds = tables()
    with pytest.raises(ValueError, match="no line of the table is that of the reference"):
        dose_response(table[table["reference"] != ""], seeds, 0.01, 0.95, "unet")


def test_every_arm_has_a_row_with_its_verdict_in_words_and_colour():
    table, _ = tables()
    figure = differences(table, 0.01, 0.95, "unet")
    assert {"R+S@50 \N{MINUS SIGN} R", "S \N{MINUS SIGN} R", "better", "worse"} <= texts(figure)
    drawn = {text.get_text(): colors.to_hex(text.get_color()).upper() for text in figure.axes[0].texts}
    assert drawn["better"] == "#0072B2"
    assert drawn["worse"] == "#D55E00"
    _within(figure)


@pytest.mark.parametrize("n_modalities", [1, 2, 3, 4])
def test_every_modality_has_a_panel_that_names_its_images(n_modalities):
    modalities = {image: f"modality {k % n_modalities}" for k, image in enumerate(IMAGES)}
    table = study_by_modality(trials(EFFECTS, n_seeds=2), modalities, CONTENTS, SETTINGS)
    figure = differences_by_modality(table, 0.01, 0.95, "unet")
    shown = {axes.get_title(loc="left") for axes in figure.axes if axes.axison}
    assert shown == {f"modality {k} ({60 // n_modalities} images)" for k in range(n_modalities)}
    _within(figure)


def test_no_modality_is_refused():
    table = study_by_modality(trials(EFFECTS, n_seeds=2), dict.fromkeys(IMAGES, "DIC"), CONTENTS, SETTINGS)
    with pytest.raises(ValueError, match="the table is empty"):
        differences_by_modality(table.iloc[:0], 0.01, 0.95, "unet")


def test_validation_curves_have_a_line_for_each_arm():
    table = study_table(trials(EFFECTS), CONTENTS, SETTINGS)[["mean"]].rename(columns={"mean": "R+S@10"})
    figure = validation_curves(table.assign(step=range(len(table)), R=0.5), "unet")
    assert len(figure.axes[0].lines) == 2
    _within(figure)
