"""The picture that a model is shown by."""

import numpy as np
import numpy.typing as npt

from cellarena.images.io import LabelImage

_SIDE = 256


def cover(image: npt.NDArray[np.uint8], labels: LabelImage) -> npt.NDArray[np.uint8]:
    """Return an (H, W, 3) uint8 image beside itself with its objects in colours: a square each of at least 256 px."""
    from skimage.color import label2rgb
    from skimage.segmentation import find_boundaries

    side = min(labels.shape)
    image, labels = image[:side, :side], labels[:side, :side]
    factor = -(-_SIDE // side)
    image, labels = (np.repeat(np.repeat(each, factor, axis=0), factor, axis=1) for each in (image, labels))
    colours = label2rgb(labels, image, alpha=0.4, bg_label=0, saturation=1)
    painted = np.rint(colours * 255).astype(np.uint8)
    painted[find_boundaries(labels, mode="inner")] = 255
    return np.concatenate([image, painted], axis=1)
