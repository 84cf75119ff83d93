import numpy as np
import pandas as pd
import pytest

from cellarena.evaluation.metrics import MATCHING_METRICS
from cellarena.evaluation.protocols import OFFICIAL, PROTOCOLS, STRICT
from cellarena.evaluation.scores import SCORES, of_protocol
from cellarena.records import Run
from scored import score

RUN = Run("unet", "real", 0)


def blocks(*corners, side=3, shape=(20, 20)):
    labels = np.zeros(shape, np.uint16)
    for number, (y, x) in enumerate(corners, start=1):
        labels[y : y + side, x : x + side] = number
    return labels


EMPTY = blocks()
TWO = blocks((4, 4), (10, 10))


def test_the_constants_name_the_current_versions():
    assert {str(PROTOCOLS[name]) for name in PROTOCOLS} == {STRICT, OFFICIAL}


def table(pairs):
    return score(pairs, RUN, [0.7, 0.5])


def test_table_has_every_cell_in_order():
    scores = table([("b", TWO, TWO), ("a", TWO, None)])
    assert list(scores.columns) == SCORES.names
    assert scores["run"].unique().tolist() == ["unet-real-0"]
    assert scores["image"].unique().tolist() == ["a", "b"]
    strict, official = of_protocol(scores, STRICT), of_protocol(scores, OFFICIAL)
    assert len(strict) + len(official) == len(scores)
    per_threshold = set(MATCHING_METRICS)
    assert {"tp", "fp", "fn", "precision", "recall", "f1"} <= per_threshold
    at = strict[strict["threshold"] == 0.7]
    assert set(at["metric"]) == per_threshold | {f"{name}_with_border" for name in per_threshold}
    assert {"dice", "n_true", "n_pred", "failed"} <= set(strict[strict["threshold"].isna()]["metric"])
    assert not scores.duplicated(["image", "protocol", "threshold", "metric"]).any()
    assert scores.equals(table([("a", TWO, None), ("b", TWO, TWO)]))


def test_table_survives_the_disk(tmp_path):
    scores = table([("007", TWO, EMPTY), ("nan", blocks((4, 4), (9, 9), (9, 4)), TWO), ("NA", TWO, None)])
    SCORES.write(scores, tmp_path / "new" / "scores.csv")
    back = SCORES.read(tmp_path / "new" / "scores.csv")
    pd.testing.assert_frame_equal(back, scores, rtol=1e-5)
    SCORES.write(back, tmp_path / "again.csv")
    content = (tmp_path / "again.csv").read_bytes()
    assert content == (tmp_path / "new" / "scores.csv").read_bytes()
    assert b"unet-real-0,007,strict-1,0.5,precision,\n" in content
    assert b"\r" not in content
    assert b"unet-real-0,nan,strict-1,,failed,0\n" in content


@pytest.mark.parametrize(
    "content",
    [
        "",
        "run,image\n",
        "run,image,threshold,metric,value\na,b,0.5,f1,1\n",
        "run,image,protocol,threshold,metric,value\na,b,strict-1,0.5,f1,high\n",
    ],
)
def test_bad_tables_are_refused(tmp_path, content):
    (tmp_path / "scores.csv").write_text(content)
    with pytest.raises(ValueError, match=r"scores\.csv"):
        SCORES.read(tmp_path / "scores.csv")


def test_missing_table(tmp_path):
    with pytest.raises(FileNotFoundError):
        SCORES.read(tmp_path / "none.csv")


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], "unet-real-0: no image"),
        ([("a", TWO, TWO[1:])], "annotation has shape"),
    ],
)
def test_bad_pairs_are_refused(pairs, message):
    with pytest.raises(ValueError, match=message):
        table(pairs)


def test_a_protocol_without_rows_is_refused_with_the_way_out():
    scores = score([("a", TWO, TWO)], RUN, [0.5], ["official"])
    with pytest.raises(ValueError, match=r"unet-real-0: no scores of protocol strict-1, only of official-1; run"):
        of_protocol(scores, STRICT)


def test_an_unknown_protocol_is_refused():
    with pytest.raises(ValueError, match="unknown protocol 'nosuch'; known: official, strict"):
        score([("a", TWO, TWO)], RUN, [0.5], ["nosuch"])
