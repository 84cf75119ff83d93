"""Diffusion along a cosine schedule: noising, the velocity that a network learns, sampling without noise of its own.

A noised image is z = cos(a) x + sin(a) e, with a from 0 (the image) to a quarter turn (nothing but noise). The schedule
is the cosine of Nichol and Dhariwal (ICML 2021, arXiv 2102.09672) without their offset, so that the last step holds
nothing of the image: where it holds a rest, sampled images miss their brightness (Lin et al., WACV 2024,
arXiv 2305.08891). There the noise is all that is seen and says nothing of the image, so that it cannot be what is
learnt; the velocity v = cos(a) e - sin(a) x (Salimans and Ho, ICLR 2022, arXiv 2202.00512) can, at every step.
"""

from collections.abc import Callable
from itertools import pairwise
from math import cos, pi, sin

import torch
from torch import Tensor

N_STEPS = 1000


def alpha_bar(steps: Tensor) -> Tensor:
    """Return the share of a noised image's variance that is the image's: 1 at step 0, 0 at step `N_STEPS`.

    Args:
        steps: of any shape, in [0, N_STEPS].
    """
    return _angles(steps).cos().square()


def noised(images: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
    """Return images after so many steps; the variance stays 1 where that of images and noise is.

    Args:
        images: (B, C, H, W) in [-1, 1].
        noise: of the same shape, standard normal.
        steps: (B,) in [0, N_STEPS].
    """
    angles = _angles(steps)[:, None, None, None]
    return angles.cos() * images + angles.sin() * noise


def velocity(images: Tensor, noise: Tensor, steps: Tensor) -> Tensor:
    """Return what a network learns to see in noised images; arguments as in `noised`."""
    angles = _angles(steps)[:, None, None, None]
    return angles.cos() * noise - angles.sin() * images


def drawn_steps(n: int, uniform: float) -> Tensor:
    """Return steps for a batch that are spread evenly over the schedule, from one random number.

    One draw for all makes the loss less noisy than one each (Kingma et al., NeurIPS 2021, arXiv 2107.00630, I.1).

    Args:
        n: images in the batch.
        uniform: in [0, 1).

    Returns:
        (n,) whole numbers in [1, N_STEPS], as float32.
    """
    shares = (uniform + torch.arange(n, dtype=torch.float64) / n) % 1
    return (shares * N_STEPS).floor().float() + 1


def denoised(predict: Callable[[Tensor, float], Tensor], noise: Tensor, n_steps: int) -> Tensor:
    """Return images sampled from noise by DDIM (Song et al., ICLR 2021, arXiv 2010.02502) with eta 0.

    Args:
        predict: the velocity of noised images (B, C, H, W) after some step, by a network.
        noise: (B, C, H, W) standard normal.
        n_steps: calls of `predict`; evenly spread, from pure noise on.

    Returns:
        (B, C, H, W) in [-1, 1].
    """
    z = image = noise
    for step, following in pairwise(N_STEPS * (n_steps - done) / n_steps for done in range(n_steps + 1)):
        now, then = step / N_STEPS * pi / 2, following / N_STEPS * pi / 2
        image = (cos(now) * z - sin(now) * predict(z, step)).clamp(-1, 1)
        # The noise that agrees with the image as it was clipped, lest the two drift apart.
        rest = (z - cos(now) * image) / sin(now)
        z = cos(then) * image + sin(then) * rest
    return image


def _angles(steps: Tensor) -> Tensor:
    return steps / N_STEPS * (pi / 2)
