from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cellarena.evaluation.arm_contents import Contents, contents_of, references
from cellarena.evaluation.study import STUDY, STUDY_BY_MODALITY, study_by_modality, study_table
from planted import CONTENTS, IMAGES, SETTINGS, planted, trials
from test_records import RECORD


def of_arm(table, arm, reference="real"):
    lines = table[(table["arm"] == arm) & (table["reference"] == reference)]
    assert len(lines) == 1
    return lines.iloc[0]


def test_a_planted_gain_is_better_a_planted_harm_worse_and_nothing_is_neither():
    table = study_table(trials(planted(mixed50=0.06, synthetic=-0.2)), CONTENTS, SETTINGS)
    assert of_arm(table, "mixed50")["verdict"] == "better"
    assert of_arm(table, "synthetic")["verdict"] == "worse"
    assert {of_arm(table, arm)["verdict"] for arm in ("mixed10", "repeat")} <= {"equivalent", "cannot tell"}
    assert of_arm(table, "mixed50")["difference"] == pytest.approx(0.06, abs=0.01)
    assert of_arm(table, "mixed50")["words"].startswith("R+S@50 is better than R by 0.0")


def test_a_planted_null_is_equivalent_where_the_design_can_see_it():
    table = study_table(trials(planted(), n_seeds=6, seeds=1e-4, images=0.005), CONTENTS, SETTINGS)
    assert set(table["verdict"]) == {"reference", "equivalent"}


def test_a_null_is_seldom_called_a_difference():
    """At most 1 study in 20 tells any arm from R; of 12 studies of 4 arms hardly more than 2 may."""
    wrong = 0
    for study in range(12):
        table = trials(planted(), n_seeds=3, seeds=0.01, images=0.05, draw=study)
        wrong += set(study_table(table, CONTENTS, SETTINGS)["verdict"]) & {"better", "worse"} != set()
    assert wrong <= 2


def test_the_family_is_all_arms_of_all_models():
    effects = planted(mixed10=0.004)
    one = of_arm(study_table(trials(effects), CONTENTS, SETTINGS), "mixed10")
    table = study_table(trials(effects, models=("unet", "sac")), CONTENTS, SETTINGS)
    of_both = of_arm(table[table["model"] == "unet"], "mixed10")
    assert of_both["p"] == pytest.approx(one["p"])
    assert of_both["p_holm"] > one["p_holm"] >= one["p"]
    assert list(table["model"].unique()) == ["unet", "sac"]
    assert of_both["smallest_detectable"] > one["smallest_detectable"]


def test_shares_and_counts_are_those_of_the_arms():
    table = study_table(trials(planted()), CONTENTS, SETTINGS)
    assert list(table.columns) == STUDY.names
    assert dict(zip(table["arm"], table["share"], strict=True)) == {
        "real": 0, "mixed10": 0.1, "mixed50": 0.5, "repeat": 0, "synthetic": 0.5,
    }  # fmt: skip
    assert table["label"].tolist() == ["R", "R+S@10", "R+S@50", "R repeated", "S"]
    assert of_arm(table, "repeat")["n_repeats"] == 50
    first = table.iloc[0]
    assert (first["arm"], first["reference"], first["verdict"]) == ("real", "", "reference")
    assert np.isnan(first["difference"])
    assert first["mean_low"] < first["mean"] < first["mean_high"]
    mixed = of_arm(table, "mixed50")
    assert mixed["mean"] - mixed["mean_reference"] == pytest.approx(mixed["difference"])


def test_few_real_images_with_synthetic_ones_are_compared_with_as_many_alone():
    low = {"real10": Contents("R 10 %", "", 10, 0, 0), "real10s": Contents("R 10 % + S", "texture", 10, 0, 50)}
    assert references({**CONTENTS, **low})[-1] == ("real10s", "real10")
    assert len(references({**CONTENTS, **low})) == len(CONTENTS) - 1 + 2 + 1
    effects = {**planted(), "real10": -0.3, "real10s": -0.1}
    table = study_table(trials(effects), {**CONTENTS, **low}, SETTINGS)
    assert of_arm(table, "real10s")["verdict"] == "worse"
    line = of_arm(table, "real10s", "real10")
    assert (line["verdict"], line["reference_label"]) == ("better", "R 10 %")
    assert line["words"].startswith("R 10 % + S is better than R 10 % by 0.")


def test_one_seed_says_so_and_has_no_interval():
    table = study_table(trials(planted(mixed50=0.2), n_seeds=1), CONTENTS, SETTINGS)
    line = of_arm(table, "mixed50")
    assert line[["low", "high", "p_holm", "more_seeds", "mean_low"]].isna().all()
    assert (line["verdict"], line["on_these_images"]) == ("cannot tell", "better")
    assert line["words"].startswith("R+S@50 against R: cannot tell about the models: 1 seed; on these images better by")


def test_an_image_without_a_value_counts_for_no_arm_that_lacks_it():
    table = trials(planted())
    hole = (table["row"] == "unet-mixed10") & (table["seed"] == 1) & (table["image"] == IMAGES[3])
    table.loc[hole, "value"] = np.nan
    found = study_table(table, CONTENTS, SETTINGS)
    assert of_arm(found, "mixed10")["n_images"] == 59
    assert of_arm(found, "mixed50")["n_images"] == 60


def test_a_modality_is_compared_on_its_own_images():
    modalities = {image: "DIC" if k < 40 else "phase contrast" for k, image in enumerate(IMAGES)}
    table = trials(planted(), images=0.005)
    seen = (table["row"] == "unet-mixed50") & (table["image"].map(modalities) == "DIC")
    table.loc[seen, "value"] += 0.1
    found = study_by_modality(table, modalities, CONTENTS, SETTINGS)
    assert list(found.columns) == STUDY_BY_MODALITY.names
    told = found[found["arm"] == "mixed50"].set_index("modality")
    assert told["n_images"].to_dict() == {"DIC": 40, "phase contrast": 20}
    assert told["verdict"].to_dict()["DIC"] == "better"
    assert told["verdict"].to_dict()["phase contrast"] != "better"
    assert told.loc["DIC", "difference"] - told.loc["phase contrast", "difference"] == pytest.approx(0.1, abs=0.01)


def test_a_modality_of_one_image_has_numbers_and_no_verdict():
    modalities = {image: "DIC" if image == IMAGES[0] else "phase contrast" for image in IMAGES}
    found = study_by_modality(trials(planted(mixed50=0.2)), modalities, CONTENTS, SETTINGS)
    line = of_arm(found[found["modality"] == "DIC"], "mixed50")
    assert (line["n_images"], line["verdict"]) == (1, "cannot tell")
    assert line["difference"] == pytest.approx(0.2, abs=0.1)


def test_without_a_model_the_tables_are_empty():
    none = pd.DataFrame(columns=["row", "seed", "image", "value"])
    only_real = {"real": CONTENTS["real"]}
    assert list(study_table(none, only_real, SETTINGS).columns) == STUDY.names
    assert study_table(none, only_real, SETTINGS).empty
    assert study_by_modality(none, {}, only_real, SETTINGS).empty


def test_an_arm_without_scores_and_a_study_without_real_images_are_refused():
    with pytest.raises(ValueError, match="unet has no scores on the arm mixed50"):
        study_table(trials({"real": 0, "mixed10": 0, "repeat": 0, "synthetic": 0}), CONTENTS, SETTINGS)
    with pytest.raises(ValueError, match="no arm real"):
        references({"mixed10": CONTENTS["mixed10"]})


def test_what_an_arm_holds_is_counted_from_its_manifest():
    records = [
        replace(RECORD, id="a", image="preprocessed/a.png"),
        replace(RECORD, id="a.repeat", image="preprocessed/a.png"),
        replace(RECORD, id="b", image="preprocessed/b.png"),
        replace(RECORD, id="synthetic", image="preprocessed/synthetic.png"),
        replace(RECORD, id="s0", image="synthetic/texture/images/s0.png"),
    ]
    assert contents_of("R+S", "texture", records, "synthetic") == Contents("R+S", "texture", 3, 1, 1)


@settings(max_examples=8)
@given(st.floats(-0.3, 0.3), st.integers(2, 4), st.integers(0, 2**20))
def test_an_arm_that_is_better_is_worse_from_the_other_side(effect, n_seeds, seed):
    held = {"real": CONTENTS["real"], "mixed10": CONTENTS["mixed10"]}
    table = trials({"real": 0.0, "mixed10": effect}, n_seeds=n_seeds, n_images=12)
    table["value"] += np.random.default_rng(seed).normal(0, 0.02, len(table))
    swapped = table.assign(row=table["row"].map({"unet-real": "unet-mixed10", "unet-mixed10": "unet-real"}))
    there, back = (of_arm(study_table(t, held, SETTINGS), "mixed10") for t in (table, swapped))
    assert {there["verdict"], back["verdict"]} not in ({"better"}, {"worse"})
    assert abs(effect) < 0.1 or (there["difference"] > 0) == (effect > 0)


def test_the_same_scores_give_the_same_table():
    table = trials(planted(mixed50=0.01))
    shuffled = table.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(study_table(table, CONTENTS, SETTINGS), study_table(shuffled, CONTENTS, SETTINGS))
