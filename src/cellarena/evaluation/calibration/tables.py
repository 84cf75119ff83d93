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
from cellarena.tables import IMAGE, RUN, integers, numbers, schema, texts

Values = npt.NDArray[np.float64]
Images = Mapping[str, ImageCalibration | None]
"""By record id; None for one without probabilities."""

OBJECTS = "objects"
DIFFERENCE = "difference"
_N_CURVE = 200
_REGION = texts("region", "of which pixels: all, or those within 3 px of an annotated boundary", *REGIONS)
_ANY_REGION = texts("region", "pixels: all or boundary; or predicted objects", *REGIONS, OBJECTS)
_SCALING = texts("scaling", "before or after the temperature", *SCALINGS)
_METRIC = texts("metric", "the metric")
TEMPERATURE = schema(
    "temperature", "The temperature of a run's probabilities, fitted to the pixels of the validation subset",
    RUN,
    numbers("temperature?", "above 1 where the probabilities were too sure"),
    numbers("nll_raw?, nll_scaled?", "negative log-likelihood of a pixel before and after", "nat"),
    integers("n_pixels, n_images", "that it was fitted to"),
    integers("n_failed", "validation images without probabilities"),
)  # fmt: skip
IMAGES = schema(
    "calibration of images", "Every metric of the pixels of every test image",
    RUN, IMAGE, _REGION, _SCALING, _METRIC,
    numbers("value?", "of the metric; empty where undefined"),
)  # fmt: skip
JUDGED_OBJECTS = schema(
    "calibration of objects", "Every predicted object, how sure it was and whether it is one",
    RUN, IMAGE,
    integers("label", "of the object in the prediction"),
    numbers("confidence, confidence_scaled?", "before and after the temperature, in [0, 1]"),
    integers("matched", "1 if it matches an annotated object, else 0"),
)  # fmt: skip
SUMMARY = schema(
    "summary of calibration", "Every metric over all test images of a run",
    RUN, _ANY_REGION, _METRIC,
    texts("scaling", "before or after the temperature, or after minus before", *SCALINGS, DIFFERENCE),
    numbers("value?", "of the metric"),
    numbers("low?, high?", "95 % interval over images"),
    integers("n", "pixels or objects"),
    integers("n_images", "with any"),
    integers("n_failed", "without probabilities"),
)  # fmt: skip
RELIABILITY = schema(
    "reliability", "Confidence and accuracy by bin of confidence",
    RUN, _ANY_REGION, _SCALING,
    numbers("low, high", "edges of the bin"),
    integers("n", "pixels or objects in it"),
    numbers("confidence?, accuracy?", "means; empty in an empty bin"),
)  # fmt: skip
RISK_COVERAGE = schema(
    "risk over coverage", "Share of wrong objects among the most confident ones; at most 200 points a curve",
    RUN, _SCALING,
    numbers("confidence", "of the last object that is taken"),
    numbers("coverage", "share of the objects that are taken"),
    numbers("risk", "share of them that match no annotated object"),
)  # fmt: skip


def image_table(images: Images, run: Run) -> pd.DataFrame:
    """Return every metric of every image's pixels, the columns of IMAGES.

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
    return pd.DataFrame(rows, columns=IMAGES.names)


def object_table(images: Images, run: Run) -> pd.DataFrame:
    """Return every judged object, the columns of JUDGED_OBJECTS."""
    parts = [
        pd.DataFrame({
            "run": str(run), "image": name, "label": image.labels, "confidence": image.confidence["raw"],
            "confidence_scaled": image.confidence["scaled"] if len(image.confidence["scaled"]) else np.nan,
            "matched": image.matched.astype(np.int64),
        })
        for name, image in sorted(images.items()) if image
    ]  # fmt: skip
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=JUDGED_OBJECTS.names)


def summary_table(images: Images, run: Run, settings: Comparing, rng: np.random.Generator) -> pd.DataFrame:
    """Return every metric over all images with its interval, before and after scaling, and the difference.

    Args:
        images: calibrated.
        run: that predicted.
        settings: confidence and resamples.
        rng: of the bootstrap over images.

    Returns:
        The columns of SUMMARY.
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
    """Return confidence and accuracy by bin of confidence, the columns of RELIABILITY."""
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
    """Return the risk-coverage curve of the objects, the columns of RISK_COVERAGE, at evenly spaced coverage."""
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
