import numpy as np
import pandas as pd
import pytest
import scikit_posthocs

from cellarena.evaluation.mixed_model import FITTED, mixed_model
from cellarena.evaluation.rank_tests import RANKS, critical_difference, rank_table
from cellarena.evaluation.trials import Trials


def rows_of(values, learned=True):
    """values: (n_rows, n_seeds, n_images)."""
    images = tuple(f"i{k}" for k in range(np.shape(values)[2]))
    return [Trials(f"r{k}", images, np.asarray(v, float), learned) for k, v in enumerate(values)]


def graded(steps, n_images=30, scatter=0.02, n_seeds=2):
    rng = np.random.default_rng(0)
    image = rng.normal(0, 0.2, n_images)
    return rows_of([step + image + rng.normal(0, scatter, (n_seeds, n_images)) for step in steps])


def test_critical_difference_of_published_tables():
    # Demšar 2006, table 5a: q = 2.569 for 4 classifiers; his example on 14 data sets.
    assert critical_difference(4, 14, 0.95) == pytest.approx(2.569 * np.sqrt(4 * 5 / (6 * 14)), abs=1e-3)
    assert critical_difference(7, 101, 0.95) == pytest.approx(0.90, abs=5e-3)


def test_ranks_and_friedman_by_hand():
    # Ranks on three images: 1 2 3 | 1 2 3 | 1.5 1.5 3.
    table = rank_table(rows_of([[[0.9, 0.9, 0.5]], [[0.8, 0.8, 0.5]], [[0.1, 0.1, 0.1]]]), 0.95)
    assert table["mean_rank"].tolist() == pytest.approx([3.5 / 3, 5.5 / 3, 3])
    # Tie-corrected: 12 * sum of squared rank sums / (3 * 3 * 4) - 3 * 3 * 4, over 1 - 6 / (3 * 24).
    chi2 = (12 * (3.5**2 + 5.5**2 + 9**2) / 36 - 36) / (1 - 6 / 72)
    assert table["friedman_chi2"].tolist() == pytest.approx([chi2] * 3)
    assert table["kendall_w"].tolist() == pytest.approx([chi2 / 6] * 3)


def test_groups_are_those_of_scikit_posthocs():
    rows = graded([0.8, 0.795, 0.77, 0.765, 0.6])
    table = rank_table(rows, 0.95).set_index("row")
    values = np.array([row.by_image for row in rows]).T
    p = scikit_posthocs.posthoc_nemenyi_friedman(values).to_numpy()
    assert 0 < (p < 0.05).sum() < 20
    for i in range(5):
        for j in range(i):
            shared = set(table.loc[f"r{i}", "group"]) & set(table.loc[f"r{j}", "group"])
            assert bool(shared) == (p[i, j] >= 0.05), (i, j)


def test_without_any_difference_there_is_one_group():
    table = rank_table(graded([0.5] * 4), 0.95)
    assert table["friedman_p"].iloc[0] > 0.05
    assert set(table["group"]) == {"a"}


@pytest.mark.parametrize("values", [[[[0.5, 0.6]], [[0.4, 0.5]]], [[[0.5, 0.5]]] * 3, [[[np.nan]]] * 3])
def test_what_friedman_cannot_judge_is_one_group(values):
    table = rank_table(rows_of(values), 0.95)
    assert list(table.columns) == RANKS.names
    assert table[["critical_difference", "friedman_chi2", "friedman_p", "kendall_w"]].isna().all(axis=None)
    assert set(table["group"]) == {"a"}


def test_images_without_a_value_of_any_row_do_not_count():
    rows = graded([0.8, 0.7, 0.6])
    holes = rows[0].values.copy()
    holes[0, 3] = np.nan
    rows[0] = Trials("r0", rows[0].images, holes, learned=True)
    assert set(rank_table(rows, 0.95)["n_images"]) == {29}


def test_the_mixed_model_finds_what_was_planted():
    rng = np.random.default_rng(1)
    image = rng.normal(0, 0.2, 25)
    rows = rows_of([step + image + rng.normal(0, 0.02, (4, 1)) + rng.normal(0, 0.05, (4, 25)) for step in (0.8, 0.7)])
    line = mixed_model(rows).iloc[0]
    assert line["status"] == FITTED
    assert (line["row"], line["than"], line["n_values"]) == ("r1", "r0", 200)
    expected = rows[1].values.mean() - rows[0].values.mean()
    assert line["difference"] == pytest.approx(expected, abs=1e-4)
    assert line["sd_images"] == pytest.approx(image.std(ddof=1), rel=0.2)
    assert 0.005 < line["sd_seeds"] < 0.05
    assert line["sd_rest"] == pytest.approx(0.05, rel=0.2)


def test_the_mixed_model_says_why_it_is_not_fitted():
    assert "1 seed of r0, r1" in mixed_model(rows_of(np.zeros((2, 1, 5))))["status"].iloc[0]
    assert "no row is learned" in mixed_model(rows_of(np.zeros((2, 1, 5)), learned=False))["status"].iloc[0]
    assert "more than" in mixed_model(rows_of(np.zeros((2, 2, 1000))))["status"].iloc[0]
    flat = mixed_model(rows_of(np.full((2, 2, 5), 0.5)))
    assert flat["status"].iloc[0].startswith("not fitted")
    assert pd.isna(flat["difference"]).all()
