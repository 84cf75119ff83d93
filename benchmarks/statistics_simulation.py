"""Whether the verdicts on pairs of models keep their level, and find what the tool says they would find.

    python benchmarks/statistics_simulation.py [--simulations 400] [--resamples 400]

Trainings are simulated: a row's value on an image is the image's difficulty, what the row makes of that image, the luck
of the training, and the luck of the training on that image. The standard deviations are about those of six networks on
114 real images: what a row makes of an image is skewed, as F1 has an end at 1.

Prints for each design, with their number of simulations:
 * no effect: how often a verdict is "better" or "worse" (at most 0.05), how often it is so about these trainings alone,
   and how often p of the plain t test over images, seeds averaged, is below 0.05;
 * margin: how often rows that differ by the smallest effect of interest are called equivalent (at most 0.05), all
   standard deviations being a tenth, as otherwise nothing could be shown to be equivalent;
 * planted: the effect whose power the tool predicts to be 80 % if it is given the true variances, how often it is
   found, and the mean power that the tool tells from the variances that it estimates;
 * family: how often any of the 10 pairs of 5 equal rows is told apart (at most 0.05).

Exits 1 if a rate that is to be at most 0.05 is above it by more than three standard errors.
"""

import argparse
import sys
from dataclasses import dataclass, replace

import numpy as np
from rich.console import Console
from rich.table import Table

from cellarena.evaluation.comparing import Comparing
from cellarena.evaluation.power import power_of_difference, smallest_detectable
from cellarena.evaluation.statistics import pairwise
from cellarena.evaluation.trials import Trials, pair
from cellarena.evaluation.uncertainty import Spread, spread_of_difference

LEVEL = 0.05
MARGIN = 0.01
HEADINGS = (
    "seeds", "images", "row", "no effect", "(here)", "(plain t)", "margin", "effect", "found", "told", "family",
)  # fmt: skip


@dataclass(frozen=True)
class World:
    """Standard deviations of what makes a value; `unsteady` is that of the first row's trainings."""

    n_seeds: int
    n_images: int
    seeds: float = 0.015
    unsteady: float = 0.015
    images: float = 0.2
    row_on_image: float = 0.08
    training_on_image: float = 0.05


def simulate(world: World, effects: list[float], rng: np.random.Generator) -> list[Trials]:
    """Return a row for each effect, named in their order."""
    names = tuple(f"i{k:04}" for k in range(world.n_images))
    difficulty = rng.normal(0.7, world.images, world.n_images)
    rows = []
    for k, effect in enumerate(effects):
        # Of variance 1 and mean 0: some images fail much more than others go well.
        own = 1 - rng.gamma(1.0, 1.0, world.n_images)
        trainings = rng.normal(0, world.seeds if k else world.unsteady, (world.n_seeds, 1))
        luck = rng.normal(0, world.training_on_image, (world.n_seeds, world.n_images))
        values = effect + difficulty + own * world.row_on_image / np.sqrt(2) + trainings + luck
        rows.append(Trials(f"row{k}", names, values, learned=True))
    return rows


def rates(world: World, effects: list[float], n: int, resamples: int, seed: int) -> dict[str, float]:
    """Return the share of simulations in which any pair gets each verdict."""
    settings = Comparing(smallest_effect=MARGIN, confidence=1 - LEVEL, resamples=resamples)
    rng = np.random.default_rng(seed)
    counts = dict.fromkeys(("told apart", "equivalent", "told apart here", "plain t"), 0)
    for _ in range(n):
        rows = simulate(world, effects, rng)
        table = pairwise(rows, settings)
        counts["told apart"] += bool(table["verdict"].isin(["better", "worse"]).any())
        counts["equivalent"] += bool((table["verdict"] == "equivalent").any())
        counts["told apart here"] += bool(table["on_these_images"].isin(["better", "worse"]).any())
        difference = pair(rows[0], rows[1]).difference
        t = difference.mean() / (difference.std(ddof=1) / np.sqrt(difference.size))
        counts["plain t"] += bool(abs(t) > 1.984)
    return {name: count / n for name, count in counts.items()}


def tight(world: World) -> World:
    """Return a world in which everything but the images' difficulty varies by a tenth."""
    names = ("seeds", "unsteady", "row_on_image", "training_on_image")
    return replace(world, **{name: getattr(world, name) / 10 for name in names})


def spread_in(world: World) -> Spread:
    """Return the true spread of the difference of two rows."""
    luck = world.training_on_image**2 / world.n_images
    parts = tuple((trainings**2 + luck) / world.n_seeds for trainings in (world.unsteady, world.seeds))
    return Spread(parts, (world.n_seeds - 1.0,) * 2, world.row_on_image**2 / world.n_images, world.n_images - 1)


def planted(world: World, n: int, resamples: int) -> tuple[float, float, float]:
    """Return the effect of 80 % power in a world, how often it is found, and the mean power told by simulations."""
    if world.n_seeds == 1:
        return (float("nan"),) * 3
    effect = smallest_detectable(spread_in(world), LEVEL)
    found = rates(world, [effect, 0], n, resamples, 5)["told apart"]
    rng = np.random.default_rng(4)
    spreads = [spread_of_difference(pair(*simulate(world, [effect, 0], rng))) for _ in range(n)]
    return effect, found, float(np.mean([power_of_difference(effect, spread, LEVEL) for spread in spreads if spread]))


def main() -> int:
    """Print the rates of all designs; return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--simulations", type=int, default=400)
    parser.add_argument("--resamples", type=int, default=400)
    given = parser.parse_args()
    n, resamples = given.simulations, given.resamples
    title = f"{n} simulations each; standard error of 0.05: {np.sqrt(LEVEL * (1 - LEVEL) / n):.3f}"
    table = Table(*HEADINGS, title=title)
    worst = 0.0
    for n_seeds in (1, 2, 3, 5):
        for n_images in (20, 100):
            steady = World(n_seeds, n_images)
            for name, world in (("steady", steady), ("unsteady", replace(steady, seeds=0.005, unsteady=0.03))):
                none = rates(world, [0, 0], n, resamples, 1)
                margin = rates(tight(world), [MARGIN, 0], n, resamples, 2)["equivalent"]
                family = rates(world, [0] * 5, max(1, n // 4), resamples, 3)["told apart"]
                effect, found, told = planted(world, n, resamples)
                worst = max(worst, none["told apart"], margin)
                shown = (none["told apart"], none["told apart here"], none["plain t"], margin, effect, found, told)
                table.add_row(str(n_seeds), str(n_images), name, *(f"{x:.3f}" for x in (*shown, family)))
    Console(width=140).print(table)
    return int(worst > LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / n))


if __name__ == "__main__":
    sys.exit(main())
