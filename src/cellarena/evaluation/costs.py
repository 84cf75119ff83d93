"""What a run costs: the files of its measured time, memory and size, and the time that the challenge tolerates.

Measured values differ from run to run, so they stand in files of their own and never beside what must be reproducible.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from cellarena.files import write_bytes
from cellarena.section import Section

MEGAPIXEL = 1_000_000
TOLERATED_SECONDS = 10.0
"""For an image of up to a megapixel; for a larger one, for each of its megapixels."""


@dataclass(frozen=True)
class Timing:
    """How long the segmentation of one image took: from pixels in memory to labels in memory, in seconds."""

    image: str
    pixels: int
    seconds: float

    @property
    def share_of_tolerance(self) -> float:
        """Seconds as a share of those that the challenge tolerates; above 1 is a miss.

        10 s, or 10 s per megapixel for images above 1 MP: the NeurIPS 2022 Cell Segmentation Challenge, Ma et al.,
        "The multimodality cell segmentation challenge", Nature Methods 2024. The challenge also counts the start of
        the program, which is not in `seconds`.
        """
        return self.seconds / (TOLERATED_SECONDS * max(1.0, self.pixels / MEGAPIXEL))


class _Costs(Section, allow_inf_nan=False):
    """A file of costs: strict JSON, null where a number does not apply."""


_C = TypeVar("_C", bound=_Costs)


@dataclass(frozen=True)
class NetworkCosts:
    """What follows from a network alone.

    Attributes:
        n_parameters: all of them, whether they learn or are frozen.
        multiply_adds_per_megapixel: of network input, each pixel once; overlapping tiles and mirrored passes come on
            top.
    """

    n_parameters: int
    multiply_adds_per_megapixel: float


class TrainingCosts(_Costs):
    """The file training.json."""

    seconds: float = Field(ge=0)
    """Wall-clock time of the training, validations included."""
    device: str = ""
    """What it ran on, as a table names it; empty where it was not noted."""


class PredictionCosts(_Costs):
    """The file prediction.json."""

    variant: str
    """Which variant of the model it is, in a few words."""
    device: str
    n_parameters: int | None = Field(ge=0)
    """None for a method without a network, as is the next."""
    multiply_adds_per_megapixel: float | None = Field(ge=0)
    seconds_per_megapixel: float | None = Field(ge=0)
    """Of all images together, overlap and mirroring included; None if no image was segmented."""
    peak_memory_mb: float = Field(ge=0)
    """In 10^6 bytes: what torch allocated on a CUDA device, elsewhere the resident set of the process."""
    slowest_image: str | None
    """The one that took the largest share of its tolerance."""
    slowest_share_of_tolerance: float | None = Field(ge=0)
    n_over_tolerance: int = Field(ge=0)
    n_images: int = Field(ge=0)
    """Images that were segmented, and so timed."""


def summarize_prediction(
    timings: Sequence[Timing], variant: str, device: str, peak_memory_mb: float, network: NetworkCosts | None
) -> PredictionCosts:
    """Return what a prediction cost.

    Args:
        timings: one for each image that was segmented.
        variant: which variant of the model it is, in a few words.
        device: what it ran on, as a table names it.
        peak_memory_mb: in 10^6 bytes.
        network: None for a method without a network.
    """
    megapixels = sum(timing.pixels for timing in timings) / MEGAPIXEL
    slowest = max(timings, key=lambda timing: timing.share_of_tolerance, default=None)
    return PredictionCosts(
        variant=variant,
        device=device,
        n_parameters=network.n_parameters if network else None,
        multiply_adds_per_megapixel=network.multiply_adds_per_megapixel if network else None,
        seconds_per_megapixel=sum(timing.seconds for timing in timings) / megapixels if timings else None,
        peak_memory_mb=peak_memory_mb,
        slowest_image=slowest.image if slowest else None,
        slowest_share_of_tolerance=slowest.share_of_tolerance if slowest else None,
        n_over_tolerance=sum(timing.share_of_tolerance > 1 for timing in timings),
        n_images=len(timings),
    )


def write_training_costs(path: Path, costs: TrainingCosts) -> None:
    """Write training.json."""
    _write(costs, path)


def write_prediction_costs(path: Path, costs: PredictionCosts) -> None:
    """Write prediction.json."""
    _write(costs, path)


def read_training_costs(path: Path) -> TrainingCosts | None:
    """Return the content of training.json, None if there is no such file: a row may have been made without training.

    Raises:
        ValueError: if the file is damaged.
    """
    return _read(TrainingCosts, path)


def read_prediction_costs(path: Path) -> PredictionCosts | None:
    """Return the content of prediction.json, None if there is no such file.

    Raises:
        ValueError: if the file is damaged.
    """
    return _read(PredictionCosts, path)


def _write(costs: _Costs, path: Path) -> None:
    write_bytes(costs.model_dump_json(indent=2).encode() + b"\n", path)


def _read(kind: type[_C], path: Path) -> _C | None:
    if not path.is_file():
        return None
    try:
        return kind.model_validate_json(path.read_bytes())
    except ValueError as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{path}: damaged or edited ({reason}); run `dvc repro` to make it anew") from error
