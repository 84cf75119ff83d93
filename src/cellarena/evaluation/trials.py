"""What is compared: each row's value on every image with every seed, and two rows side by side."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Values = npt.NDArray[np.float64]

TRIAL_COLUMNS = ("row", "seed", "image", "value")
DIGITS = 9
"""Means of seeds are rounded to these: values equal on paper are then equal, and ties and zeros are found."""


@dataclass(frozen=True, eq=False)
class Trials:
    """One row of a comparison: a model on an arm, trained once for each seed.

    The image is what a conclusion generalises over; seeds are replicates of the training, never further images.

    Attributes:
        row: its name.
        images: (n_images) ids.
        values: (n_seeds, n_images); NaN where the value is undefined.
        learned: False for a method without training, which has one seed and no spread between trainings.
    """

    row: str
    images: tuple[str, ...]
    values: Values
    learned: bool

    @property
    def n_seeds(self) -> int:
        """Number of trainings."""
        return int(self.values.shape[0])

    @property
    def n_images(self) -> int:
        """Number of images, those without a defined value included."""
        return int(self.values.shape[1])

    @property
    def has_seed_spread(self) -> bool:
        """Whether the spread between trainings is known: measured by two seeds, or nought as nothing is trained."""
        return self.n_seeds > 1 or not self.learned

    @property
    def by_image(self) -> Values:
        """(n_images) mean over seeds; NaN where one seed is undefined."""
        return np.asarray(self.values.mean(axis=0).round(DIGITS), np.float64)

    @property
    def by_seed(self) -> Values:
        """(n_seeds) mean over the images that are defined with every seed; NaN if there is none."""
        defined = self.defined()
        return defined.values.mean(axis=1) if defined.n_images else np.full(self.n_seeds, np.nan)

    @property
    def has_value(self) -> npt.NDArray[np.bool_]:
        """(n_images) whether the value is defined with every seed."""
        return np.asarray(np.isfinite(self.values).all(axis=0), np.bool_)

    def defined(self) -> "Trials":
        """Return the images that have a value with every seed."""
        return self.on(self.has_value)

    def on(self, kept: npt.NDArray[np.bool_]) -> "Trials":
        """Return the images that are True in `kept`, an array of (n_images)."""
        images = tuple(image for image, keep in zip(self.images, kept, strict=True) if keep)
        return Trials(self.row, images, self.values[:, kept], self.learned)


@dataclass(frozen=True, eq=False)
class PairedTrials:
    """Two rows on the images on which both are defined with every seed.

    The seeds of two rows are independent trainings: the same number starts different networks, so that resampling them
    together would only borrow precision. Where trainings do share something, such as an ensemble and its members, the
    spread of their difference is overestimated, never understated.
    """

    a: Trials
    b: Trials

    @property
    def n_images(self) -> int:
        """Number of images that count."""
        return self.a.n_images

    @property
    def difference(self) -> Values:
        """(n_images) mean over the seeds of `a` minus that of `b`."""
        return np.round(self.a.by_image - self.b.by_image, DIGITS)

    @property
    def has_seed_spread(self) -> bool:
        """Whether the spread between trainings is known of both rows."""
        return self.a.has_seed_spread and self.b.has_seed_spread


def trials_of(table: pd.DataFrame, unlearned: Collection[str]) -> list[Trials]:
    """Return the rows of a long table, best mean first.

    Args:
        table: columns row, seed, image and value, one line per cell; a value that is undefined is NaN.
        unlearned: the rows that no training stands behind.

    Raises:
        ValueError: if a column is missing, a cell is missing or comes twice, a value is infinite, or a row that is
            not learned has several seeds.
    """
    if missing := [name for name in TRIAL_COLUMNS if name not in table.columns]:
        raise ValueError(f"table of trials: column {', '.join(missing)} is missing")
    if table.empty:
        raise ValueError("table of trials: it is empty, so there is nothing to compare")
    twice = table[table.duplicated(["row", "seed", "image"])]
    if len(twice):
        raise ValueError(f"table of trials: {_cell(twice)} comes twice")
    if np.isinf(table["value"]).any():
        raise ValueError(f"table of trials: {_cell(table[np.isinf(table['value'])])} is infinite")
    images = sorted(table["image"].unique())
    rows = [_trials(str(row), part, images, row not in unlearned) for row, part in table.groupby("row", sort=True)]
    return sorted(rows, key=lambda trials: (-_mean(trials), trials.row))


def pair(a: Trials, b: Trials) -> PairedTrials:
    """Return two rows on the images on which both are defined.

    Raises:
        ValueError: if they are not on the same images.
    """
    if a.images != b.images:
        raise ValueError(f"{a.row} and {b.row} are on different images: only the same images can be paired")
    kept = a.has_value & b.has_value
    return PairedTrials(a.on(kept), b.on(kept))


def _trials(row: str, part: pd.DataFrame, images: list[str], learned: bool) -> Trials:
    seeds = sorted(part["seed"].unique())
    if len(part) != len(seeds) * len(images):
        raise ValueError(f"{row}: {len(part)} values for {len(seeds)} seeds on {len(images)} images; score all of them")
    if not learned and len(seeds) > 1:
        raise ValueError(f"{row} is not learned, yet it has {len(seeds)} seeds")
    grid = part.pivot(index="seed", columns="image", values="value").loc[seeds, images]
    return Trials(row, tuple(map(str, images)), grid.to_numpy(np.float64), learned)


def _mean(trials: Trials) -> float:
    mean = float(trials.by_seed.mean())
    return -np.inf if np.isnan(mean) else mean


def _cell(table: pd.DataFrame) -> str:
    first = table.iloc[0]
    return f"row {first['row']}, seed {first['seed']}, image {first['image']!r}"
