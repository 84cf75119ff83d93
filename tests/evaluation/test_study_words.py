import pandas as pd
import pytest

from cellarena.evaluation.study import study_table
from cellarena.evaluation.study_words import arm_sentence, model_sentence
from planted import CONTENTS, SETTINGS, planted, trials

BETTER = {
    "verdict": "better", "difference": 0.0212, "low": 0.0101, "high": 0.0329, "p_holm": 0.001,
    "equivalence_p_holm": 0.9, "words": "better by 0.021 F1 [0.010, 0.033]",
}  # fmt: skip


def test_golden_sentences_of_arms():
    assert arm_sentence("R+S@25", "R", BETTER, SETTINGS) == "R+S@25 is better than R by 0.021 F1 [0.010, 0.033]"
    worse = BETTER | {"verdict": "worse", "difference": -0.0212, "low": -0.0329, "high": -0.0101}
    assert arm_sentence("S", "R", worse, SETTINGS) == "S is worse than R by 0.021 F1 [0.010, 0.033]"
    same = BETTER | {"verdict": "equivalent", "difference": 0.001, "low": -0.002, "high": 0.004}
    words = "R+S@10 is equivalent to R (within 0.01): difference +0.001 F1 [-0.002, 0.004]"
    assert arm_sentence("R+S@10", "R", same, SETTINGS) == words
    unknown = BETTER | {"verdict": "cannot tell", "words": "cannot tell: about 4 more seeds of each would settle it"}
    words = "R+S@10 against R: cannot tell: about 4 more seeds of each would settle it"
    assert arm_sentence("R+S@10", "R", unknown, SETTINGS) == words


def lines(**verdicts):
    """The lines of a model with these verdicts; differences are 0.03 up or down."""
    sizes = {"better": 0.03, "worse": -0.03}
    shown = [
        {
            "model": "unet", "arm": arm, "label": held.label, "reference": "" if arm == "real" else "real",
            "n_real": held.n_real, "n_repeats": held.n_repeats, "n_synthetic": held.n_synthetic, "n_seeds": 3,
            "difference": sizes.get(verdicts.get(arm), 0.0), "more_seeds": 4.0,
            "verdict": verdicts.get(arm, "equivalent"), "words": f"{held.label} is {verdicts.get(arm)}",
        }
        for arm, held in CONTENTS.items()
    ]  # fmt: skip
    return pd.DataFrame(shown)


@pytest.mark.parametrize(
    ("verdicts", "sentence"),
    [
        (
            {"mixed10": "cannot tell", "mixed50": "better", "synthetic": "worse"},
            "Synthetic images help unet: R+S@50 is better; of the other arms that add them 1 undecided.",
        ),
        (
            {"mixed10": "better", "mixed50": "better", "repeat": "better"},
            "Synthetic images help unet: R+S@10 is better; of the other arms that add them 1 better; but repeats of "
            "real images help as well (R repeated is better).",
        ),
        (
            {"mixed50": "worse", "repeat": "better"},
            "Synthetic images harm unet: R+S@50 is worse; of the other arms that add them 1 equivalent.",
        ),
        (
            {"mixed10": "better", "mixed50": "worse"},
            "Synthetic images help unet or harm it: R+S@10 is better, but R+S@50 is worse.",
        ),
        ({}, "Synthetic images make no difference to unet that matters (within 0.01 F1)."),
        (
            {"mixed10": "cannot tell", "synthetic": "worse"},
            "Cannot tell whether synthetic images help unet: about 4 more seeds of each arm would settle it.",
        ),
    ],
)
def test_golden_sentences_of_a_model(verdicts, sentence):
    assert model_sentence(lines(**verdicts), 0.01) == sentence


def test_what_no_seed_would_settle_is_named_and_one_seed_is():
    open_ = lines(mixed10="cannot tell")
    said = model_sentence(open_.assign(more_seeds=float("nan")), 0.01)
    assert said.endswith(": no number of seeds up to 100 would settle R+S@10.")
    said = model_sentence(open_.assign(n_seeds=1), 0.01)
    assert said.endswith(": with 1 seed the spread between trainings is unknown.")


def test_synthetic_images_alone_say_nothing_of_adding_them():
    table = lines(synthetic="better")
    alone = table[table["arm"].isin(["real", "synthetic"])]
    assert model_sentence(alone, 0.01) == "No arm of this study adds synthetic images to all the real ones of unet."


def test_the_sentence_follows_from_the_scores():
    found = study_table(trials(planted(mixed50=0.06)), CONTENTS, SETTINGS)
    assert model_sentence(found, 0.01).startswith("Synthetic images help unet: R+S@50 is better than R by 0.0")
    found = study_table(trials(planted(mixed50=-0.06)), CONTENTS, SETTINGS)
    assert model_sentence(found, 0.01).startswith("Synthetic images harm unet: R+S@50 is worse than R by 0.0")
