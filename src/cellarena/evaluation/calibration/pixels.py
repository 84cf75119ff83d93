"""Calibration of pixels: sums that add up over images, and the metrics that follow from them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.calibration.pixel_counts import PixelCounts

Values = npt.NDArray[np.float64]

N_BINS = 15
"""As in Guo et al. 2017."""


def _fine_edges() -> Values:
    """Return the edges of the 15 bins and, between them, others that are dense where confidence is close to 1."""
    log_odds = np.linspace(-1, 16, 341)
    return np.unique(np.concatenate([np.arange(N_BINS + 1) / N_BINS, 1 / (1 + np.exp(-log_odds))]))


_EDGES = _fine_edges()
_BIN_OF_FINE = np.minimum((_EDGES[:-1] * N_BINS + 1e-9).astype(np.intp), N_BINS - 1)


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums over the pixels of images, one image a row; sums of images are sums again.

    Attributes:
        n: (m,) pixels.
        brier: (m,) squared distance of the probabilities to the true class as 0 and 1.
        nll: (m,) minus the logarithm of the probability of the true class.
        top: (m, n_fine_bins, 3) pixels, confidences and right predictions by confidence in the most likely class.
        by_class: (m, n_classes, 15, 3) pixels, probabilities and pixels of that class by its probability.
    """

    n: Values
    brier: Values
    nll: Values
    top: Values
    by_class: Values

    def weighted(self, weights: Values) -> "Sums":
        """Return (r, ...) sums in which image j counts weights[i, j] times in row i; weights is (r, m)."""
        return Sums(*(np.tensordot(weights, part, axes=1) for part in self._parts()))

    @classmethod
    def stacked(cls, sums: Sequence["Sums"]) -> "Sums":
        """Return the rows of several sums below each other, at least one."""
        columns = zip(*(part._parts() for part in sums), strict=True)  # noqa: SLF001 - of its own class
        return cls(*(np.concatenate(column) for column in columns))

    def _parts(self) -> tuple[Values, ...]:
        return self.n, self.brier, self.nll, self.top, self.by_class


def sums_of(counted: PixelCounts) -> Sums:
    """Return the sums of one image, as a single row."""
    logarithms, counts = counted.log_probabilities, counted.counts.astype(np.float64)
    probabilities, totals = np.exp(logarithms), counts.sum(axis=1)
    n_classes = logarithms.shape[1]
    # |p - e_c|^2 = |p|^2 - 2 p_c + 1
    squares = totals @ (probabilities**2).sum(axis=1) - 2 * (counts * probabilities).sum() + totals.sum()
    chosen = probabilities.argmax(axis=1)
    rows = np.arange(len(chosen))
    fine = np.clip(np.searchsorted(_EDGES, probabilities[rows, chosen], side="right") - 1, 0, len(_EDGES) - 2)
    top = _binned(fine, len(_EDGES) - 1, totals, totals * probabilities[rows, chosen], counts[rows, chosen])
    coarse = np.minimum((probabilities * N_BINS).astype(np.intp), N_BINS - 1)
    by_class = [
        _binned(coarse[:, c], N_BINS, totals, totals * probabilities[:, c], counts[:, c]) for c in range(n_classes)
    ]
    n, square, loss = (np.array([value]) for value in (totals.sum(), squares, -(counts * logarithms).sum()))
    return Sums(n, square, loss, top[None], np.stack(by_class)[None])


def ece(sums: Sums) -> Values:
    """Return the top-label expected calibration error in 15 bins of equal width (Guo et al. 2017), in [0, 1]."""
    return _gap(reliability(sums))


def adaptive_ece(sums: Sums) -> Values:
    """Return the same in 15 bins of equally many pixels (Nguyen and O'Connor 2015).

    Pixels of nearly equal confidence (0.05 in log odds) stay together.
    """
    n = sums.top[..., 0]
    middle = np.cumsum(n, axis=1) - n / 2
    total = np.where(sums.n > 0, sums.n, 1)[:, None]
    bins = np.minimum((middle / total * N_BINS).astype(np.intp), N_BINS - 1)
    rows = np.arange(len(n))[:, None] * N_BINS
    equal = [
        np.bincount((rows + bins).ravel(), sums.top[..., k].ravel(), len(n) * N_BINS).reshape(-1, N_BINS)
        for k in range(3)
    ]
    return _gap(np.stack(equal, axis=-1))


def classwise_ece(sums: Sums) -> Values:
    """Return the mean over classes of the calibration error of a class's own probability (Nixon et al. 2019)."""
    return np.asarray(np.mean([_gap(sums.by_class[:, c]) for c in range(sums.by_class.shape[1])], axis=0))


def mce(sums: Sums) -> Values:
    """Return the largest gap between confidence and accuracy of the 15 bins; NaN without pixels.

    Bins with less than a thousandth of the pixels do not count: one stray pixel would decide.
    """
    bins = reliability(sums)
    n = bins[..., 0]
    counted = n >= np.maximum(n.sum(axis=1, keepdims=True) / 1000, 1)
    gaps = np.abs(bins[..., 1] - bins[..., 2]) / np.where(counted, n, 1)
    return np.where(counted.any(axis=1), np.where(counted, gaps, 0).max(axis=1), np.nan)


def brier(sums: Sums) -> Values:
    """Return the mean multi-class Brier score, in [0, 2]."""
    return _ratio(sums.brier, sums.n)


def nll(sums: Sums) -> Values:
    """Return the mean negative log likelihood in nats."""
    return _ratio(sums.nll, sums.n)


def accuracy(sums: Sums) -> Values:
    """Return the share of pixels whose most likely class is the true one."""
    return _ratio(sums.top[..., 2].sum(axis=1), sums.n)


def confidence(sums: Sums) -> Values:
    """Return the mean probability of the most likely class."""
    return _ratio(sums.top[..., 1].sum(axis=1), sums.n)


METRICS: dict[str, Callable[[Sums], Values]] = {
    function.__name__: function
    for function in (ece, adaptive_ece, classwise_ece, mce, brier, nll, accuracy, confidence)
}
"""By name; each takes sums of r rows and returns (r,) values, NaN for a row without pixels."""


def reliability(sums: Sums) -> Values:
    """Return (r, 15, 3): pixels, sum of confidences, right predictions of each bin [k / 15, (k + 1) / 15)."""
    starts = np.searchsorted(_BIN_OF_FINE, np.arange(N_BINS))
    return np.asarray(np.add.reduceat(sums.top, starts, axis=1))


def _binned(bins: npt.NDArray[np.intp], n_bins: int, *weights: Values) -> Values:
    return np.stack([np.bincount(bins, weight, n_bins) for weight in weights], axis=-1)


def _gap(bins: Values) -> Values:
    """Return the mean over all pixels of |confidence - accuracy| of their bin."""
    return _ratio(np.abs(bins[..., 1] - bins[..., 2]).sum(axis=-1), bins[..., 0].sum(axis=-1))


def _ratio(value: Values, n: Values) -> Values:
    return np.where(n > 0, value / np.where(n > 0, n, 1), np.nan)
