"""What training and prediction cost, and which variant of each model was measured on what."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from cellarena.reporting.document import Notes, Section, ShownTable, Warnings
from cellarena.reporting.tables import (
    FLOOR,
    UNDEFINED,
    Table,
    floor_marked,
    other_table,
    plain,
    range_of,
    row_name,
)


def costs_section(costs: pd.DataFrame) -> Section:
    """Return what the rows of the comparison cost, in its order.

    Args:
        costs: one row per model and arm, as `evaluation.leaderboard.costs_by_row` makes them.
    """
    found = Warnings([*_too_slow(costs), *_devices(costs)])
    tables = ShownTable("Costs", _cost_table(costs)), ShownTable("Variants", _variant_table(costs))
    return Section("Costs", [found, tables[0], Notes(_notes(costs)), tables[1]])


def _cost_table(costs: pd.DataFrame) -> Table:
    """Return the costs in units of a handy size, the verdict on the tolerated time with its count."""
    shown = {
        "model": floor_marked(costs["model"]),
        "arm": costs["arm"],
        "parameters (M)": costs["n_parameters"].astype(float) / 1e6,
        "multiply-adds (G per MP)": costs["multiply_adds_per_megapixel"] / 1e9,
        "training (s)": costs["training_seconds"].round().astype("Int64"),
        "prediction (s per MP)": costs["seconds_per_megapixel"],
        "peak memory (MB)": costs["peak_memory_mb"].round().astype("Int64"),
        "time tolerance": [_verdict(row) for row in costs.to_dict("records")],
        "slowest image (share of tolerance)": costs["slowest_share_of_tolerance"],
    }
    return other_table(pd.DataFrame(shown))


def _variant_table(costs: pd.DataFrame) -> Table:
    shown = {
        "model": floor_marked(costs["model"]),
        "arm": costs["arm"],
        "variant": [variant or UNDEFINED for variant in costs["variant"]],
        "measured on": [device or UNDEFINED for device in costs["device"]],
    }
    return other_table(pd.DataFrame(shown))


def _verdict(row: Mapping[Hashable, Any]) -> str:
    verdict = str(row["time_tolerance"])
    return f"{verdict} ({row['n_over_tolerance']:.0f} of {row['n_timed']:.0f})" if verdict == "misses" else verdict


def _notes(costs: pd.DataFrame) -> list[str]:
    """Return sentences that say what the costs are, and what of it is measured."""
    return [
        "Parameters are all of a network's, learned or frozen. Multiply-adds are those of one pass over a "
        "megapixel, of an ensemble those of all members and scales; tiles that overlap and mirrored views come on top.",
        "Training is the wall-clock time of one seed, validations included. Prediction is that from an image in memory "
        "to its labels, overlap and mirroring included, over all test images; reading and writing are not in it.",
        "Peak memory is what torch allocated on a CUDA device, elsewhere that of the process. Times and memory are the "
        "mean of the seeds on the machine that they ran on; they differ from machine to machine and a little from "
        "one repetition to the next.",
        "Time tolerance of the NeurIPS 2022 challenge: 10 s for an image, 10 s per megapixel for one above 1 MP. A row "
        "misses it if any test image of any seed takes longer; a share above 1 is a miss.",
        f"“{UNDEFINED}” does not apply to the row or was not measured; predictions timed by row: "
        f"{range_of(costs['n_timed'])}.",
    ]


def _too_slow(costs: pd.DataFrame) -> list[str]:
    return [
        f"{row_name(row)}: {row['n_over_tolerance']:.0f} of {row['n_timed']:.0f} predictions took longer than the "
        f"challenge tolerates, up to {row['slowest_share_of_tolerance']:.1f} times as long."
        for row in costs.to_dict("records")
        if row["time_tolerance"] == "misses"
    ]


def _devices(costs: pd.DataFrame) -> list[str]:
    devices = sorted({plain(name) for name in costs.loc[costs["model"] != FLOOR, "device"] if name})
    if len(devices) < 2:
        return []
    return [f"Times and memory of different devices cannot be compared directly: {'; '.join(devices)}."]
