"""The embedded source: simulated microscopy in four modalities with exact labels."""

from collections.abc import Iterator

from cellarena.datasets.sources.spec import SOURCES, Acquisition, Sample, Source
from cellarena.images.channels import plain_names
from cellarena.synthesis.simulation.simulator import simulate


def samples(acquisition: Acquisition) -> Iterator[Sample]:
    """Yield as many simulated images as are asked for; each depends on the seed and its own number only."""
    for number in range(1, acquisition.simulated.images + 1):
        made = simulate(acquisition.simulated.seed, number)
        names = plain_names(1 if made.image.ndim == 2 else made.image.shape[2])
        yield Sample(f"sim_{number:04d}_{made.modality}", made.image, made.labels, made.modality, channel_names=names)


SOURCES.register("simulated")(
    Source(samples, citation="Simulated by cellarena; no real specimen is shown.", licence="CC0-1.0")
)
