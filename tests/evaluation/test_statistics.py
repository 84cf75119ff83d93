import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.statistics import PAIRS, intervals, pairwise
from cellarena.evaluation.trials import Trials, trials_of

SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=400)
QUICK = SETTINGS.model_copy(update={"resamples": 100})


def row(name, values, learned=True):
    values = np.atleast_2d(np.asarray(values, float))
    return Trials(name, tuple(f"i{k:03}" for k in range(values.shape[1])), values, learned)


def noisy(name, mean, n_seeds, n_images=60, seeds=0.004, images=0.02, rng_seed=0, learned=True):
    """A row whose trainings and images scatter around a mean."""
    rng = np.random.default_rng([rng_seed, *name.encode()])
    values = mean + rng.normal(0, seeds, (n_seeds, 1)) + rng.normal(0, images, (n_seeds, n_images))
    return row(name, values, learned)


def only(table):
    assert len(table) == 1
    return table.iloc[0]


def test_a_clear_difference_is_better_and_from_the_other_side_worse():
    a, b = noisy("a", 0.8, 5), noisy("b", 0.7, 5)
    there, back = only(pairwise([a, b], SETTINGS)), only(pairwise([b, a], SETTINGS))
    assert (there["verdict"], back["verdict"]) == ("better", "worse")
    assert there["difference"] == pytest.approx(-back["difference"])
    assert there["low"] < there["difference"] < there["high"]
    assert there["words"].startswith("better by 0.1")
    assert back["words"].startswith("worse by 0.1")
    low, high = there["words"].partition("[")[2].rstrip("]").split(", ")
    assert float(low) == pytest.approx(there["low"], abs=5e-4)
    assert 0 < float(low) < float(high)


def test_rows_that_hardly_differ_are_equivalent_however_sure_the_difference():
    a, b = noisy("a", 0.803, 12, 200, seeds=1e-4, images=0.002), noisy("b", 0.8, 12, 200, seeds=1e-4, images=0.002)
    line = only(pairwise([a, b], SETTINGS))
    assert line["p_holm"] < 0.001
    assert line["low"] > 0
    assert line["verdict"] == "equivalent"
    assert line["words"].startswith("equivalent (within 0.01): difference +0.003 F1 [0.00")


def test_one_seed_says_so_and_gives_no_interval_of_the_models():
    line = only(pairwise([noisy("a", 0.8, 1), noisy("b", 0.7, 1)], SETTINGS))
    assert line[["low", "high", "p", "p_holm", "equivalence_p", "smallest_detectable", "more_seeds"]].isna().all()
    assert (line["verdict"], line["on_these_images"]) == ("cannot tell", "better")
    assert line["words"].startswith("cannot tell about the models: 1 seed; on these images better by 0.1")
    assert line["images_low"] > 0.08


def test_one_row_with_one_seed_is_named():
    line = only(pairwise([noisy("a", 0.8, 3), noisy("b", 0.7, 1)], SETTINGS))
    assert line["words"].startswith("cannot tell about the models: 1 seed of b; on these images")


def test_a_method_without_training_needs_one_seed():
    line = only(pairwise([noisy("a", 0.8, 4), noisy("otsu", 0.6, 1, learned=False)], SETTINGS))
    assert line["verdict"] == "better"
    line = only(pairwise([noisy("a", 0.8, 1, learned=False), noisy("b", 0.6, 1, learned=False)], SETTINGS))
    assert line["verdict"] == "better"
    assert np.isnan(line["more_seeds"])


def test_trainings_that_scatter_hide_a_difference_that_many_images_show():
    """Averaged over seeds the images all agree; the seeds do not."""
    images = np.random.default_rng(0).normal(0, 0.001, 100)
    a = row("a", images + np.array([[0.70], [0.76]]))
    b = row("b", images[::-1] + np.array([[0.69], [0.75]]))
    line = only(pairwise([a, b], SETTINGS))
    assert line["images_p"] < 1e-6
    assert line["on_these_images"] in {"better", "equivalent"}
    assert line["verdict"] == "cannot tell"
    assert "would settle it" in line["words"]


def test_the_outlook_asks_for_what_is_lacking():
    restless = [noisy(name, mean, 3, 200, seeds=0.02, images=0.01) for name, mean in (("a", 0.75), ("b", 0.72))]
    line = only(pairwise(restless, SETTINGS))
    assert line["verdict"] == "cannot tell"
    assert line["more_seeds"] >= 1
    assert np.isnan(line["more_images"])
    assert f"about {line['more_seeds']:.0f} more seed" in line["words"]
    assert f"sees {line['smallest_detectable']:.3f} or more" in line["words"]


def test_p_is_adjusted_over_all_pairs():
    rows = [noisy(name, mean, 4) for name, mean in zip("abcd", (0.80, 0.79, 0.78, 0.70), strict=True)]
    table = pairwise(rows, SETTINGS)
    assert table[["a", "b"]].to_numpy().tolist() == [list(pair) for pair in ("ab", "ac", "ad", "bc", "bd", "cd")]
    assert (table["p_holm"] >= table["p"]).all()
    smallest = table["p"].idxmin()
    assert table.loc[smallest, "p_holm"] == pytest.approx(min(1, 6 * table.loc[smallest, "p"]))
    assert (table["p"] >= table["images_p"]).all()


def test_a_pair_does_not_depend_on_the_other_rows():
    rows = [noisy(name, mean, 3) for name, mean in zip("abc", (0.8, 0.75, 0.7), strict=True)]
    three, two = pairwise(rows, SETTINGS).iloc[1], only(pairwise([rows[0], rows[2]], SETTINGS))
    own = ["difference", "low", "high", "p", "images_low", "images_high", "images_p", "delta", "d_z"]
    pd.testing.assert_series_equal(three[own], two[own], check_names=False)
    assert two["smallest_detectable"] < three["smallest_detectable"]


def test_same_input_same_table():
    rows = [noisy("a", 0.8, 3), noisy("b", 0.79, 3)]
    pd.testing.assert_frame_equal(pairwise(rows, SETTINGS), pairwise(rows, SETTINGS))


def test_undefined_images_do_not_count():
    a, b = noisy("a", 0.8, 3), noisy("b", 0.7, 3)
    holes = a.values.copy()
    holes[1, :5] = np.nan
    line = only(pairwise([row("a", holes), b], SETTINGS))
    expected = only(pairwise([row("a", a.values[:, 5:]), row("b", b.values[:, 5:])], SETTINGS))
    assert line["n_images"] == 55
    assert line["difference"] == pytest.approx(expected["difference"])
    assert line["p"] == pytest.approx(expected["p"])


@pytest.mark.parametrize(("n_images", "words"), [(0, "cannot tell: 0 images"), (1, "cannot tell: 1 image with")])
def test_too_few_images_are_said(n_images, words):
    values = np.full((2, 4), np.nan)
    values[:, :n_images] = 0.5
    line = only(pairwise([row("a", values), row("b", values - 0.1)], SETTINGS))
    assert (line["verdict"], line["n_images"]) == ("cannot tell", n_images)
    assert line["words"].startswith(words)


def test_identical_rows_are_equivalent():
    values = np.random.default_rng(0).uniform(0.5, 1, (1, 30)).repeat(3, axis=0)
    line = only(pairwise([row("a", values), row("b", values)], SETTINGS))
    assert line["verdict"] == "equivalent"
    assert (line["difference"], line["p"], line["delta"]) == (0, 1, 0)


@settings(max_examples=40)
@given(arrays(float, (2, 2, 8), elements=st.floats(0, 1) | st.just(np.nan)))
def test_any_values_give_a_line_without_a_crash(values):
    table = pairwise([row("a", values[0]), row("b", values[1])], QUICK)
    assert list(table.columns) == PAIRS.names
    line = only(table)
    assert line["verdict"] in {"better", "worse", "equivalent", "cannot tell"}
    assert "nan" not in line["words"]
    if line["verdict"] in {"better", "worse"}:
        assert line["low"] * line["high"] > 0
        assert line["p_holm"] < 0.05


def test_intervals_of_rows():
    table = intervals([noisy("a", 0.8, 3), noisy("b", 0.7, 1), noisy("otsu", 0.6, 1, learned=False)], SETTINGS)
    a, b, otsu = (table.set_index("row").loc[name] for name in ("a", "b", "otsu"))
    assert a["low"] <= a["images_low"] < a["mean"] < a["images_high"] <= a["high"]
    assert b[["low", "high", "noise_floor"]].isna().all()
    assert b["images_low"] < b["mean"] < b["images_high"]
    assert otsu["noise_floor"] == 0
    assert otsu["low"] < otsu["mean"] < otsu["high"]
    assert 0 < a["noise_floor"] < 0.02


def test_names_are_unique():
    with pytest.raises(ValueError, match="twice among a, a"):
        pairwise([noisy("a", 0.8, 2), noisy("a", 0.7, 2)], SETTINGS)
    with pytest.raises(ValueError, match="twice among a, a"):
        intervals([noisy("a", 0.8, 2), noisy("a", 0.7, 2)], SETTINGS)


LONG = pd.DataFrame(
    [(r, s, i, v) for r, v in (("x", 0.2), ("y", 0.9)) for s in (0, 1) for i in ("p", "q")],
    columns=["row", "seed", "image", "value"],
)


def test_trials_of_a_long_table_are_best_first_in_any_order():
    found = trials_of(LONG.sample(frac=1, random_state=0), [])
    assert [(t.row, t.images, t.n_seeds, t.learned) for t in found] == [
        ("y", ("p", "q"), 2, True), ("x", ("p", "q"), 2, True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("table", "unlearned", "message"),
    [
        (LONG.iloc[1:], [], "x: 3 values for 2 seeds on 2 images"),
        (pd.concat([LONG, LONG.iloc[:1]]), [], "row x, seed 0, image 'p' comes twice"),
        (LONG.drop(columns="seed"), [], "column seed is missing"),
        (LONG.iloc[:0], [], "empty"),
        (LONG.assign(value=np.inf), [], "row x, seed 0, image 'p' is infinite"),
        (LONG, ["x"], "x is not learned, yet it has 2 seeds"),
    ],
)
def test_what_cannot_be_compared_is_refused(table, unlearned, message):
    with pytest.raises(ValueError, match=message):
        trials_of(table, unlearned)
