"""Images of dots."""

import numpy as np

from cellarena.datasets.sources.spec import SOURCES, Sample, Source
from dotted.painting import painted


def samples(acquisition):
    """Yield as many images as the simulation would, each of six dots."""
    for number in range(acquisition.simulated.images):
        image, labels = painted(np.random.default_rng([acquisition.simulated.seed, number]))
        yield Sample(f"dots_{number:03}", image, labels, "dots")


SOURCES.register("dots")(Source(samples, citation="nobody", licence="CC0-1.0"))
