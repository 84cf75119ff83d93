"""Score tables of a study in which the effect of every arm is known, because it was put there."""

from itertools import product

import numpy as np
import pandas as pd

from cellarena.evaluation.arm_contents import Contents
from cellarena.evaluation.comparing import Comparing

SETTINGS = Comparing(smallest_effect=0.01, confidence=0.95, resamples=100)
IMAGES = [f"i{k:03}" for k in range(60)]
CONTENTS = {
    "real": Contents("R", "", 100, 0, 0),
    "mixed10": Contents("R+S@10", "pix2pix", 100, 0, 10),
    "mixed50": Contents("R+S@50", "pix2pix", 100, 0, 50),
    "repeat": Contents("R repeated", "", 100, 50, 0),
    "synthetic": Contents("S", "pix2pix", 0, 0, 50),
}


def trials(effects, n_seeds=4, models=("unet",), seeds=0.002, images=0.02, n_images=60, draw=0):
    """Return a line per cell: a mean of 0.7, an arm's effect, and scatter of trainings and images."""
    rng = np.random.default_rng(draw)
    easy = rng.uniform(-0.2, 0.2, n_images)
    lines = []
    for model, (arm, effect), seed in product(models, effects.items(), range(n_seeds)):
        values = 0.7 + effect + easy + rng.normal(0, seeds) + rng.normal(0, images, n_images)
        for image, value in zip(IMAGES, np.clip(values, 0, 1), strict=False):
            lines.append((f"{model}-{arm}", seed, image, value))
    return pd.DataFrame(lines, columns=["row", "seed", "image", "value"])


def planted(**effects):
    """Return the effects of all arms, those not named 0."""
    return {arm: effects.get(arm, 0.0) for arm in CONTENTS}
