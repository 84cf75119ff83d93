"""Objects of whole images: the border rule, counts that agree with the score, oracles, strata, difficulty."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from cellarena.evaluation.answers import Annotation, Answer
from cellarena.evaluation.errors.analysis import OBJECTS, object_table, together
from cellarena.evaluation.errors.analysis import analyze as analyze_image
from cellarena.evaluation.errors.categories import ERRORS
from cellarena.evaluation.errors.comparison import category_totals, mean_of_seeds
from cellarena.evaluation.errors.difficulty import difficulty
from cellarena.evaluation.errors.gains import ALL, COUNTS, count, gains
from cellarena.evaluation.errors.strata import bounds, interval, recall_grid, strata_of, stratify
from cellarena.evaluation.errors.worst import worst
from cellarena.evaluation.matching import iou_pairs, match
from cellarena.evaluation.metrics import f1
from cellarena.images.labels import without_border_objects
from cellarena.records import Record, Run

RUN = Run("unet", "real", 0)
LABELS = arrays(np.uint16, (9, 10), elements=st.integers(0, 20).map(lambda v: v if v < 5 else 0))
BLOCKS = arrays(np.uint8, (4, 5), elements=st.integers(0, 3)).map(lambda a: np.pad(a.repeat(2, 0).repeat(2, 1), 2))


def record(name, modality="DIC"):
    return Record(
        id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", modality=modality, group="", subset="", height=1,
        width=1, channels=1, dtype="uint8", n_objects=0, sha256=name, labels_sha256=name, source="s", licence="",
    )  # fmt: skip


def sample(true, pred, name="a", modality="DIC"):
    true = np.asarray(true)
    annotation = Annotation(record(name, modality), true.astype(float), true)
    return Answer.of(annotation, None if pred is None else np.asarray(pred))


def analyze(answers, run):
    return together([analyze_image(answer, run) for answer in answers])


def worst_of(pairs, n):
    """Return the worst errors of several images, those to be shown first in front."""
    found = [one for pair in pairs for one in worst(analyze_image(sample(*pair), RUN).objects, n)]
    return sorted(found, key=lambda specimen: specimen.rank)[:n]


def row_of_cells(*spans, length=60):
    """Return a label image whose n-th object fills the columns of the n-th span, clear of the border."""
    labels = np.zeros((12, length), np.uint16)
    for n, (start, stop) in enumerate(spans, 1):
        labels[4:8, start:stop] = n
    return labels


TRUE = row_of_cells((4, 10), (10, 16), (20, 30), (34, 40), (44, 48))
PRED = row_of_cells((4, 17), (20, 25), (25, 30), (37, 43), (50, 56))
"""One merge of two, one match with a split-off half, one badly localised, one missed, one spurious."""


@settings(max_examples=15)
@given(LABELS | BLOCKS, LABELS | BLOCKS)
def test_counts_and_f1_are_those_of_the_score_and_all_gains_end_at_one(true, pred):
    shape = np.minimum(true.shape, pred.shape)
    true, pred = true[: shape[0], : shape[1]], pred[: shape[0], : shape[1]]
    counts = count(analyze([sample(true, pred)], RUN))
    matching = match(iou_pairs(without_border_objects(true), without_border_objects(pred)), 0.5)
    row = counts.iloc[0]
    assert (row["tp"], row["fp"], row["fn"]) == (matching.tp, matching.fp, matching.fn)
    assert row["f1"] == pytest.approx(f1(matching))
    by_kind = gains(counts).query("by == 'all images'").set_index("category")["gain"]
    assert by_kind[ALL] == pytest.approx(1 - f1(matching))
    assert (by_kind >= -1e-12).all()
    assert (by_kind <= by_kind[ALL] + 1e-12).all()


def test_counts_by_hand():
    row = count(analyze([sample(TRUE, PRED)], RUN)).iloc[0]
    wanted = {"merge": (2, 1, 1), "split": (0, 1, 1), "poor localisation": (1, 1, 1), "merge+split": (0, 0, 0)}
    for category, (n_true, n_pred, n_events) in wanted.items():
        found = tuple(row[f"n_{part}_{category}"] for part in ("true", "pred", "events"))
        assert found == (n_true, n_pred, n_events), category
    assert (row["n_true"], row["n_pred"], row["tp"], row["n_true_missed"], row["n_pred_spurious"]) == (5, 5, 1, 1, 1)


def test_gains_by_hand():
    by_kind = gains(count(analyze([sample(TRUE, PRED)], RUN))).query("by == 'all images'").set_index("category")
    # One of five found: 2 / 10. Two for one merged: 6 / 11. Without the half that is too much: 2 / 9. And so on.
    wanted = {
        "merge": 6 / 11, "split": 2 / 9, "merge+split": 2 / 10, "poor localisation": 4 / 10, "missed": 4 / 11,
        "spurious": 2 / 9, ALL: 1,
    }  # fmt: skip
    assert by_kind["f1_fixed"].to_dict() == pytest.approx(wanted)
    assert by_kind["gain"].to_dict() == pytest.approx({kind: value - 0.2 for kind, value in wanted.items()})


def test_gains_are_means_over_images_and_by_modality():
    samples = [sample(TRUE, PRED), sample(TRUE, TRUE, "b", "phase"), sample(TRUE, 0 * TRUE, "c", "phase")]
    table = gains(count(analyze(samples, RUN))).set_index(["by", "stratum", "category"])
    assert table.loc[("all images", "", "missed"), "gain"] == pytest.approx((4 / 11 - 0.2 + 0 + 1) / 3)
    assert table.loc[("modality", "phase", "missed"), "gain"] == pytest.approx(0.5)
    assert table.loc[("modality", "DIC", ALL), ["n_images", "f1", "gain"]].tolist() == pytest.approx([1, 0.2, 0.8])
    assert len(table) == 3 * (len(ERRORS) + 1)


@pytest.mark.parametrize("true", [TRUE, np.zeros_like(TRUE)])
def test_a_failed_image_is_a_row_with_f1_0_that_only_a_prediction_can_raise(true):
    counts = count(analyze([sample(true, None)], RUN))
    n = len(np.unique(true)) - 1
    assert counts.loc[0, ["failed", "f1", "n_true", "n_true_missed", "n_pred"]].tolist() == [1, 0, n, n, 0]
    by_kind = gains(counts).query("by == 'all images'").set_index("category")["gain"]
    assert by_kind.to_dict() == {kind: float(kind in {"missed", ALL}) for kind in (*ERRORS, ALL)}


def test_objects_at_the_border_are_flagged_and_not_counted():
    true, pred = row_of_cells((0, 6), (10, 16)), row_of_cells((3, 6), (10, 16))
    table = object_table(sample(true, pred)).set_index(["side", "label"])
    assert table["touches_border"].to_dict() == {("true", 1): 1, ("true", 2): 0, ("pred", 1): 0, ("pred", 2): 0}
    # The rule drops the partner of the predicted object, which is a match without it.
    assert table.loc[("pred", 1), ["category", "category_with_border"]].tolist() == ["spurious", "match"]
    assert table.loc[("true", 1), ["category", "partners", "event"]].tolist() == ["match", "1", -1]
    row = count(analyze([sample(true, pred)], RUN)).iloc[0]
    assert row[["n_border_true", "n_border_pred", "n_lost_to_border_rule", "n_true", "n_pred", "tp"]].tolist() == [
        1, 0, 1, 1, 2, 1,
    ]  # fmt: skip
    assert worst_of([(true, pred)], 3) == []


def test_an_image_without_objects_is_a_row_and_tables_survive_the_disk(tmp_path):
    done = analyze([sample(0 * TRUE, 0 * TRUE, "NA"), sample(TRUE, PRED, "001")], RUN)
    counts = count(done)
    assert counts["f1"].tolist() == pytest.approx([0.2, 1])
    for table, schema in ((done.objects, OBJECTS), (counts, COUNTS)):
        schema.write(table, tmp_path / "t.csv")
        back = schema.read(tmp_path / "t.csv")
        pd.testing.assert_frame_equal(back, table, check_dtype=False, rtol=1e-5)
    with pytest.raises(ValueError, match=r"t\.csv: damaged or edited \(lacks the column side"):
        OBJECTS.read(tmp_path / "t.csv")
    (tmp_path / "t.csv").write_text((tmp_path / "t.csv").read_text().replace(",1,", ",x,"))
    with pytest.raises(ValueError, match="damaged or edited"):
        COUNTS.read(tmp_path / "t.csv")


def test_faults_name_run_and_image():
    with pytest.raises(ValueError, match=r"unet-real-0, image 'odd': .*shape"):
        analyze([sample(TRUE, TRUE.T, "odd")], RUN)


def test_the_worst_come_from_different_images_first():
    many = row_of_cells((4, 8), (8, 12), (12, 16), (30, 34), (34, 38))
    few = row_of_cells((4, 8), (8, 12))
    merged = row_of_cells((4, 16), (30, 39))
    merges = worst_of([(few, row_of_cells((4, 13)), "b"), (many, merged, "a")], 3)
    assert [(s.category, s.image, s.true, s.pred, s.how_bad) for s in merges] == [
        ("merge", "a", (1, 2, 3), (1,), "3 as 1"), ("merge", "b", (1, 2), (1,), "2 as 1"),
        ("merge", "a", (4, 5), (2,), "2 as 1"),
    ]  # fmt: skip


def test_bounds_are_quantiles_of_the_annotation():
    table = bounds([(TRUE.astype(float), TRUE, TRUE.size), (TRUE.astype(float), 0 * TRUE, TRUE.size)], 2).set_index(
        "by"
    )
    assert table["n"].to_dict() == {"diameter": 5, "contrast": 0, "neighbour distance": 5, "density": 2}
    assert table.loc["diameter", "value"] == pytest.approx(np.sqrt(4 * 24 / np.pi))
    assert table.loc["density", "value"] == pytest.approx(2.5 / (TRUE.size / 1e6))
    assert np.isnan(table.loc["contrast", "value"])
    assert strata_of(table.reset_index(), "contrast") == [(-np.inf, np.inf)]
    assert [interval(low, high) for low, high in strata_of(table.reset_index(), "neighbour distance")] == ["≤ 5", "> 5"]


def test_strata_hold_every_scored_object_once():
    done = analyze([sample(TRUE, PRED), sample(TRUE, TRUE, "b", "phase")], RUN)
    limits = bounds([(TRUE.astype(float), TRUE, TRUE.size)], 3)
    table = stratify(done, limits)
    assert table.groupby("by")["n_true"].sum().eq(10).all()
    shares = table.loc[table["n_true"] > 0, [c for c in table if c == "recall" or c.startswith("share_")]]
    assert shares.sum(axis=1).to_numpy() == pytest.approx(1)
    empty = table[table["n_true"] == 0]
    assert len(empty)
    assert empty["recall"].isna().all()
    by_modality = table[table["by"] == "modality"].set_index("stratum")["recall"].to_dict()
    assert by_modality == pytest.approx({"DIC": 0.2, "phase": 1})
    smallest = table[(table["by"] == "diameter") & (table["stratum"] == "1")].iloc[0]
    # The bound itself belongs to the lower class: 16 and 24 pixels up to that of 24.
    assert smallest["n_true"] == 8
    assert recall_grid(done, limits)["n_true"].sum() == 10


def f1_of(**values):
    return pd.Series(values)


def test_hard_for_all_is_hard_for_every_learned_model():
    scores = {
        Run("unet", "real", 0): f1_of(a=0.0, b=0.2, c=0.9, d=1.0),
        Run("unet", "real", 1): f1_of(a=0.2, b=0.0, c=0.9, d=1.0),
        Run("sac", "real", 0): f1_of(a=0.1, b=0.5, c=0.6, d=0.7),
        Run("otsu", "real", 0): f1_of(a=1.0, b=1.0, c=1.0, d=1.0),
    }
    table = difficulty(scores, ["unet", "sac"], 0.25).set_index("image")
    assert table.index.tolist() == ["a", "b", "c", "d"]
    assert table["mean_f1"].tolist() == pytest.approx([0.1, 0.3, 0.75, 0.85])
    assert table["hard_for_all"].tolist() == [1, 0, 0, 0]
    assert table["n_hard"].tolist() == [2, 1, 0, 0]
    assert table.loc["a", ["worst_f1", "best_f1", "n_models", "f1_unet", "f1_otsu"]].tolist() == [0.1, 0.1, 2, 0.1, 1]


def test_an_image_without_error_is_hard_for_nobody():
    table = difficulty({RUN: f1_of(a=1.0, b=1.0)}, ["unet"], 0.5)
    assert table["n_hard"].tolist() == [0, 0]


def test_difficulty_refuses_other_images_and_no_model():
    with pytest.raises(ValueError, match=r"sac-real-0: 1 image.*such as b"):
        difficulty({RUN: f1_of(a=1.0), Run("sac", "real", 0): f1_of(a=1.0, b=1.0)}, ["unet"], 0.5)
    with pytest.raises(ValueError, match="no run of a learned model"):
        difficulty({RUN: f1_of(a=1.0)}, ["sac"], 0.5)


def test_totals_and_their_mean_over_seeds():
    runs = [RUN, Run("unet", "real", 1), Run("otsu", "real", 0)]
    predictions = [PRED, TRUE, None]
    counts = pd.concat([count(analyze([sample(TRUE, pred)], r)) for r, pred in zip(runs, predictions, strict=True)])
    totals = category_totals(counts)
    assert totals["n_failed"].tolist() == [0, 0, 1]
    assert totals["spurious_per_true"].tolist() == pytest.approx([0.2, 0, 0])
    shown = mean_of_seeds(totals, runs, [])
    assert shown["row"].tolist() == ["unet", "otsu"]
    assert shown["share_match"].tolist() == pytest.approx([0.6, 0])
    with pytest.raises(ValueError, match="otsu-real-0: not a run"):
        mean_of_seeds(totals, runs[:2], [])


@settings(max_examples=8)
@given(LABELS, LABELS, st.sampled_from([np.fliplr, np.flipud, np.transpose]))
def test_mirrored_images_have_the_same_counts(true, pred, turn):
    before = count(analyze([sample(true, pred)], RUN))
    pd.testing.assert_frame_equal(before, count(analyze([sample(turn(true), turn(pred))], RUN)))
