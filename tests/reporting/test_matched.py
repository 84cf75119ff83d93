import numpy as np

from cellarena.reporting.matched import matched_prediction


def boxes(**places):
    labels = np.zeros((20, 30), np.int32)
    for name, (rows, columns) in places.items():
        labels[rows, columns] = int(name[1:])
    return labels


TRUE = boxes(l3=(slice(5, 10), slice(5, 10)), l5=(slice(5, 10), slice(15, 20)), l9=(slice(0, 4), slice(24, 29)))
PRED = boxes(l2=(slice(5, 10), slice(5, 9)), l4=(slice(13, 17), slice(13, 17)), l7=(slice(0, 4), slice(24, 28)))


def test_labels_of_the_pairs_and_of_what_the_border_rule_leaves_out():
    found = matched_prediction("unet", TRUE, PRED)
    assert found.matched_true == {3}
    assert found.matched_pred == {2}
    assert found.ignored_true == {9}
    assert found.ignored_pred == {7}
    assert found.f1 == 0.5


def test_a_failed_prediction_scores_nothing():
    found = matched_prediction("unet", TRUE, None)
    assert (found.labels, found.f1) == (None, 0.0)


def test_nothing_to_find_and_nothing_found_is_right_as_in_the_table():
    empty = np.zeros((8, 8), np.int32)
    assert matched_prediction("unet", empty, empty).f1 == 1.0
