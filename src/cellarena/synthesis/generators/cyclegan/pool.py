"""What a generator made at earlier steps, so that a discriminator does not forget it."""

import numpy as np
import torch
from torch import Tensor, nn


class Pool(nn.Module):
    """Images made before, with their codes; some are shown to it in place of new ones.

    After Shrivastava et al., CVPR 2017, arXiv 1612.07828, 2.3. It is a module so that a fit keeps its content.

    Args:
        capacity: images that it holds.
        shape: channels, height and width of an image.
        n_code: numbers of a code.
    """

    images: Tensor
    codes: Tensor
    n_filled: Tensor

    def __init__(self, capacity: int, shape: tuple[int, int, int], n_code: int) -> None:
        super().__init__()
        self.register_buffer("images", torch.zeros(capacity, *shape))
        self.register_buffer("codes", torch.zeros(capacity, n_code))
        self.register_buffer("n_filled", torch.tensor(0))

    def exchange(self, images: Tensor, codes: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
        """Return as many images and codes as come in, once the pool is full about half of them from the pool.

        Those take the place of what they give out; a new image for a pool that is not full is kept and returned.

        Args:
            images: (N, C, H, W) without a gradient.
            codes: (N, n_code).
            rng: where all randomness comes from.
        """
        shown, shown_codes = images.clone(), codes.clone()
        for place in range(len(images)):
            filled = int(self.n_filled)
            if filled < len(self.images):
                self.images[filled], self.codes[filled] = images[place], codes[place]
                self.n_filled += 1
            elif rng.random() < 0.5:
                old = int(rng.integers(filled))
                shown[place], shown_codes[place] = self.images[old], self.codes[old]
                self.images[old], self.codes[old] = images[place], codes[place]
        return shown, shown_codes
