import numpy as np
import pytest

from cellarena.methods.otsu import Otsu, otsu_watershed

OTSU = Otsu(sigma=1, seed_distance=5, min_size=12)


@pytest.mark.parametrize("inverted", [False, True])
def test_two_touching_discs_on_either_ground_are_two_objects(inverted):
    rows, columns = np.mgrid[:60, :80]
    discs = ((rows - 30) ** 2 + (columns - 28) ** 2 < 150) | ((rows - 30) ** 2 + (columns - 50) ** 2 < 150)
    grey = np.where(discs ^ inverted, 200, 40).astype(np.uint8)
    labels = otsu_watershed(np.repeat(grey[..., None], 3, axis=2), OTSU)
    assert labels.max() == 2
    assert labels[30, 28] != labels[30, 50]
    assert labels[0, 0] == 0


@pytest.mark.parametrize("shape", [(1, 1), (3, 50), (40, 40)])
def test_a_constant_image_has_no_objects(shape):
    labels = otsu_watershed(np.full((*shape, 3), 7, np.uint8), OTSU)
    assert labels.shape == shape
    assert not labels.any()
