"""How far probabilities can be trusted: the section on calibration."""

from collections.abc import Hashable, Sequence
from typing import Any

import pandas as pd

from cellarena.reporting.document import Block, Illustration, Notes, Section, ShownTable, Text
from cellarena.reporting.tables import UNDEFINED, other_table

_REGIONS = {"all": "All pixels", "boundary": "Pixels within 3 px of an annotated object's boundary"}
_PIXELS = {"adaptive_ece": "adaptive ECE", "classwise_ece": "classwise ECE", "mce": "MCE", "brier": "Brier",
           "accuracy": "accuracy", "confidence": "confidence"}  # fmt: skip
_OBJECTS = {"precision": "precision", "ece": "ECE", "brier": "Brier", "auroc": "AUROC", "aurc": "AURC",
            "coverage_at_90_precision": "coverage at 90 % precision"}  # fmt: skip
_NOTES = (
    "ECE is the mean gap between confidence and accuracy in 15 bins of confidence, MCE the largest gap of a bin that "
    "holds a thousandth of the pixels; NLL and Brier also reward being right. Lower is better for these four.",
    "Each network is judged against the three classes that it was taught: three_class and class_and_distance draw the "
    "boundary class differently, so that rows of different targets do not compare in all respects. Networks that may "
    "abstain are judged by the probabilities of the three classes, given that they do not abstain.",
    "One temperature for each run was fitted to all validation pixels, each counted once; an ensemble's divides the "
    "logarithm of its mean probabilities. Above 1 the network was too sure. It changes no label image.",
    "Intervals are BCa bootstrap intervals over test images, of the confidence that `compare` names: the pixels of one "
    "image are not independent.",
    "Probabilities are stored in two bytes a pixel, each within 0.0075 of what the network put out.",
    "The confidence of an object is the mean probability of interior or boundary inside it; it is right if it matches "
    "an annotated object at IoU 0.5, objects at the image's border aside. AURC is the area under the curve of risk "
    "over coverage; risk says nothing of objects that were missed.",
)


def calibration_section(table: pd.DataFrame, illustrations: Sequence[Illustration]) -> Section:
    """Return the section on calibration.

    Args:
        table: metrics/calibration.csv, a row per run, region and metric, as
            `evaluation.calibration.comparison.side_by_side` makes it.
        illustrations: reliability diagrams and risk-coverage curves.
    """
    runs = list(dict.fromkeys(table["run"]))
    silent = [run for run in runs if not _predicted(table, run)]
    told = [run for run in runs if run not in silent]
    blocks: list[Block] = [Text(_absence(silent))] if silent else []
    if told:
        blocks.append(Text(_verdict(table, told)))
        blocks += [ShownTable(title, other_table(_scaling(table, told, region))) for region, title in _REGIONS.items()]
        title = "Further measures of all pixels, as predicted"
        blocks.append(ShownTable(title, other_table(_measures(table, told, "all", _PIXELS))))
        objects = _measures(table, told, "objects", _OBJECTS)
        blocks.append(ShownTable("Confidence of predicted objects, as predicted", other_table(objects)))
        blocks += [Notes(_NOTES), *illustrations]
    return Section("Calibration", blocks)


def _predicted(table: pd.DataFrame, run: str) -> bool:
    """Return whether a run put out probabilities, of whatever many images."""
    rows = table[table["run"] == run]
    return bool((rows["n"] > 0).any() or (rows["n_failed"] > 0).any())


def _absence(runs: Sequence[str]) -> str:
    names = ", ".join(runs)
    return f"{names}: no probabilities, so that there is no calibration; the classical method decides without any."


def _verdict(table: pd.DataFrame, runs: Sequence[str]) -> str:
    """Return for how many runs scaling helped on test images, in a sentence."""
    change = table[(table["region"] == "all") & (table["metric"] == "nll") & table["run"].isin(list(runs))]
    lower, higher = int((change["difference_high"] < 0).sum()), int((change["difference_low"] > 0).sum())
    return (
        f"On test images, temperature scaling lowered the NLL of all pixels in {lower} of {len(runs)} runs and raised "
        f"it in {higher}; for the other {len(runs) - lower - higher} the images cannot tell (the interval of the "
        "change holds 0 or is undefined)."
    )


def _scaling(table: pd.DataFrame, runs: Sequence[str], region: str) -> pd.DataFrame:
    rows = []
    for run in runs:
        ece, nll = (_row(table, run, region, metric) for metric in ("ece", "nll"))
        values = {"run": run, "images": _images(ece), "temperature": ece["temperature"]}
        for name, row in (("ECE", ece), ("NLL", nll)):
            values[name] = _interval(row, "raw")
            values[f"{name} after"] = _number(row["scaled"])
            values[f"change of {name}"] = _interval(row, "difference")
        rows.append(values)
    return pd.DataFrame(rows)


def _measures(table: pd.DataFrame, runs: Sequence[str], region: str, shown: dict[str, str]) -> pd.DataFrame:
    counted = "objects" if region == "objects" else "pixels"
    rows = []
    for run in runs:
        found = {heading: _row(table, run, region, metric) for metric, heading in shown.items()}
        values = {heading: _interval(row, "raw") for heading, row in found.items()}
        rows.append({"run": run, counted: int(next(iter(found.values()))["n"]), **values})
    return pd.DataFrame(rows)


def _row(table: pd.DataFrame, run: str, region: str, metric: str) -> dict[Hashable, Any]:
    found = table[(table["run"] == run) & (table["region"] == region) & (table["metric"] == metric)]
    if len(found) != 1:
        raise ValueError(f"calibration table: {len(found)} rows for {run}, {region}, {metric}; expected one")
    return found.to_dict("records")[0]


def _images(row: dict[Hashable, Any]) -> str:
    failed = f", {row['n_failed']} failed" if row["n_failed"] else ""
    return f"{row['n_images']}{failed}"


def _interval(row: dict[Hashable, Any], name: str) -> str:
    value, low, high = row[name], row[f"{name}_low"], row[f"{name}_high"]
    if pd.isna(value):
        return UNDEFINED
    undefined = pd.isna(low) or pd.isna(high)
    return _number(value) + (" (no interval)" if undefined else f" ({_number(low)} to {_number(high)})")


def _number(value: float) -> str:
    # Adding 0 makes 0.0000 of what rounds to -0.0000.
    return UNDEFINED if pd.isna(value) else f"{round(value, 4) + 0:.4f}"
