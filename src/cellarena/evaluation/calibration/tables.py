"""The tidy tables of a run's calibration: by image, over all images with intervals, by bin, by object."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from cellarena.evaluation.calibration import objects, pixels
from cellarena.evaluation.calibration.bootstrap import image_intervals
from cellarena.evaluation.calibration.per_image import REGIONS, SCALINGS, ImageCalibration, objects_of
from cellarena.evaluation.calibration.pixel_counts import N_CLASSES, PixelCounts
from cellarena.evaluation.calibration.pixels import N_BINS, Sums, sums_of
from cellarena.evaluation.comparing import Comparing
from cellarena.records import Run

Values = npt.NDArray[np.float64]
Images = Mapping[str, ImageCalibration | None]
"""By record id; None for one without probabilities."""

RUN_COLUMNS = {
    "temperature": ["run", "temperature", "nll_raw", "nll_scaled", "n_pixels", "n_images", "n_failed"],
    "summary": ["run", "region", "metric", "scaling", "value", "low", "high", "n", "n_images", "n_failed"],
    "reliability": ["run", "region", "scaling", "low", "high", "n", "confidence", "accuracy"],
    "risk_coverage": ["run", "scaling", "confidence", "coverage", "risk"],
}
"""Of the tables of a run that others are compared with, in the order of `comparison.Calibration`."""
OBJECTS = "objects"
DIFFERENCE = "difference"
_N_CURVE = 200


def image_table(images: Images, run: Run) -> pd.DataFrame:
    """Return every metric of every image's pixels: columns run, image, region, scaling, metric, value.

    An image without probabilities has its rows with undefined values.
    """
    rows: list[tuple[str, str, str, str, str, float]] = []
    for name, image in sorted(images.items()):
        for region in REGIONS:
            for scaling in SCALINGS:
                where = (str(run), name, region, scaling)
                for metric in sorted(pixels.METRICS):
                    value = float(pixels.METRICS[metric](image.sums[region, scaling])[0]) if image else np.nan
                    rows.append((*where, metric, value))
                rows.append((*where, "n_pixels", float(image.sums[region, scaling].n[0]) if image else 0.0))
    return pd.DataFrame(rows, columns=["run", "image", "region", "scaling", "metric", "value"])


def object_table(images: Images, run: Run) -> pd.DataFrame:
    """Return every calibrated object: columns run, image, label, confidence, confidence_scaled, matched (0 or 1)."""
    parts = [
        pd.DataFrame({
            "run": str(run), "image": name, "label": image.labels, "confidence": image.confidence["raw"],
            "confidence_scaled": image.confidence["scaled"] if len(image.confidence["scaled"]) else np.nan,
            "matched": image.matched.astype(np.int64),
        })
        for name, image in sorted(images.items()) if image
    ]  # fmt: skip
    columns = ["run", "image", "label", "confidence", "confidence_scaled", "matched"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def summary_table(images: Images, run: Run, settings: Comparing, rng: np.random.Generator) -> pd.DataFrame:
    """Return every metric over all images with its interval, before and after scaling, and the difference.

    Args:
        images: calibrated.
        run: that predicted.
        settings: confidence and resamples.
        rng: of the bootstrap over images.

    Returns:
        Columns run, region ("all", "boundary", "objects"), metric, scaling ("raw", "scaled", "difference": after minus
        before), value, low, high, n (pixels or objects), n_images (with any), n_failed (without probabilities).
    """
    calibrated = [image for image in images.values() if image]
    n_failed = len(images) - len(calibrated)
    streams = rng.spawn(len(REGIONS) + 1)
    parts = [
        _pixel_summary(calibrated, region, settings, stream) for region, stream in zip(REGIONS, streams, strict=False)
    ]
    table = pd.concat([*parts, _object_summary(calibrated, settings, streams[-1])], ignore_index=True)
    table.insert(0, "run", str(run))
    return table.assign(n_failed=n_failed)


def reliability_table(images: Images, run: Run) -> pd.DataFrame:
    """Return confidence and accuracy by bin of confidence.

    Returns:
        Columns run, region, scaling, low, high (edges of the bin), n (pixels or objects), confidence and accuracy
        (means, NaN in an empty bin).
    """
    calibrated = [image for image in images.values() if image]
    parts = []
    for region in (*REGIONS, OBJECTS):
        for scaling in SCALINGS:
            bins = _object_bins(calibrated, scaling) if region == OBJECTS else _pixel_bins(calibrated, region, scaling)
            n = np.where(bins[:, 0] > 0, bins[:, 0], np.nan)
            edges = np.arange(N_BINS + 1) / N_BINS
            parts.append(pd.DataFrame({
                "run": str(run), "region": region, "scaling": scaling, "low": edges[:-1], "high": edges[1:],
                "n": bins[:, 0].astype(np.int64), "confidence": bins[:, 1] / n, "accuracy": bins[:, 2] / n,
            }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def curve_table(images: Images, run: Run) -> pd.DataFrame:
    """Return the risk-coverage curve of the objects: columns run, scaling, confidence, coverage, risk.

    At most 200 points a curve, those of evenly spaced coverage.
    """
    calibrated = [image for image in images.values() if image]
    parts = []
    for scaling in SCALINGS:
        found = objects.ranked(objects_of(calibrated, scaling), np.ones((1, len(calibrated))))
        coverage, risk = (part[0] for part in objects.risk_coverage(found))
        shown = np.unique(np.linspace(0, max(0, len(coverage) - 1), min(len(coverage), _N_CURVE)).astype(np.intp))
        parts.append(pd.DataFrame({
            "run": str(run), "scaling": scaling, "confidence": found.confidence[shown], "coverage": coverage[shown],
            "risk": risk[shown],
        }))  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _pixel_summary(
    calibrated: Sequence[ImageCalibration], region: str, settings: Comparing, rng: np.random.Generator
) -> pd.DataFrame:
    both = [_stacked([image.sums[region, scaling] for image in calibrated]) for scaling in SCALINGS]

    def statistic(weights: Values) -> Values:
        return _before_after([
            np.stack([metric(sums.weighted(weights)) for metric in pixels.METRICS.values()]) for sums in both
        ])  # fmt: skip

    n = both[0].n
    size = 2 * sum(part[0].size for part in (both[0].top, both[0].by_class)) if len(n) else 1
    return _summary(region, list(pixels.METRICS), statistic, n, size, settings, rng)


def _object_summary(
    calibrated: Sequence[ImageCalibration], settings: Comparing, rng: np.random.Generator
) -> pd.DataFrame:
    both = [objects_of(calibrated, scaling) for scaling in SCALINGS]

    def statistic(weights: Values) -> Values:
        return _before_after([
            np.stack([metric(found) for metric in objects.METRICS.values()])
            for found in (objects.ranked(part, weights) for part in both)
        ])  # fmt: skip

    n = np.bincount(both[0].image, minlength=len(calibrated)).astype(np.float64)
    return _summary(OBJECTS, list(objects.METRICS), statistic, n, 12 * len(both[0].image), settings, rng)


def _summary(
    region: str,
    metrics: Sequence[str],
    statistic: Callable[[Values], Values],
    n: Values,
    size: int,
    settings: Comparing,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the rows of a region; `n` is how many pixels or objects each image has, `size` as in the bootstrap."""
    values = statistic(np.ones((1, len(n))))[:, 0]
    low, high = image_intervals(statistic, len(n), max(1, size), settings, rng)
    names = [(metric, scaling) for scaling in (*SCALINGS, DIFFERENCE) for metric in metrics]
    return pd.DataFrame({
        "region": region, "metric": [metric for metric, _ in names], "scaling": [scaling for _, scaling in names],
        "value": values, "low": low, "high": high, "n": int(n.sum()), "n_images": int(np.count_nonzero(n)),
    })  # fmt: skip


def _before_after(values: Sequence[Values]) -> Values:
    before, after = values
    return np.concatenate([before, after, after - before])


def _stacked(sums: Sequence[Sums]) -> Sums:
    """Return one image a row; without any image no row, which sums to nothing."""
    nothing = PixelCounts(np.empty((0, N_CLASSES)), np.empty((0, N_CLASSES), np.int64))
    return Sums.stacked([sums_of(nothing), *sums]).weighted(np.eye(len(sums) + 1)[1:])


def _pixel_bins(calibrated: Sequence[ImageCalibration], region: str, scaling: str) -> Values:
    sums = _stacked([image.sums[region, scaling] for image in calibrated])
    bins: Values = pixels.reliability(sums.weighted(np.ones((1, len(calibrated)))))[0]
    return bins


def _object_bins(calibrated: Sequence[ImageCalibration], scaling: str) -> Values:
    found = objects_of(calibrated, scaling)
    bins = np.minimum((found.confidence * N_BINS).astype(np.intp), N_BINS - 1)
    return np.stack([np.bincount(bins, w, N_BINS) for w in (None, found.confidence, found.matched)], axis=-1)
