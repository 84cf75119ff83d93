import numpy as np
from scipy import ndimage

from cellarena.images.neighbours import contacts, zone_steps


def test_contacts_are_counted_straight_and_diagonal_once_each() -> None:
    labels = np.array([[1, 1, 0, 3], [2, 0, 3, 0]])

    one, other = contacts(labels)

    pairs = sorted(tuple(sorted(pair)) for pair in zip(one.tolist(), other.tolist(), strict=True))
    assert pairs == [(1, 2), (1, 2), (1, 3)]


def test_labels_without_neighbours_have_no_contacts() -> None:
    one, other = contacts(np.array([[7, 0, 9]]))

    assert len(one) == len(other) == 0


def test_the_zones_of_two_objects_meet_at_their_distance() -> None:
    labels = np.array([[1, 0, 0, 0, 2]])
    place = ndimage.distance_transform_edt(labels == 0, return_distances=False, return_indices=True)

    one, other, distance = zone_steps(labels[place[0], place[1]], place)

    assert sorted({*one.tolist(), *other.tolist()}) == [1, 2]
    assert distance.tolist() == [4.0]
