"""Radial power spectra: how fine the structure of images is, and whether it repeats every second pixel."""

import numpy as np
import numpy.typing as npt

from cellarena.evaluation.quality.estimates import Estimate, Values, drawn_weights, undefined

N_BINS = 24
_REACH = 3


def power(crop: npt.NDArray[np.uint8]) -> Values:
    """Return the power of each frequency of a crop's grey values, without their mean, under a Hann window.

    Args:
        crop: (H, W, 3).

    Returns:
        (H, W), the frequency 0 first, as from `numpy.fft.fft2`.
    """
    grey = crop.mean(axis=2)
    taper = np.hanning(grey.shape[0])[:, None] * np.hanning(grey.shape[1])
    # The mean under the window, so that no power of the frequency 0 leaks into its neighbours.
    centred = (grey - np.average(grey, weights=taper)) * taper
    return np.asarray(np.abs(np.fft.fft2(centred)) ** 2 / (taper**2).sum())


def bin_edges(shape: tuple[int, int]) -> Values:
    """Return the N_BINS + 1 edges of the rings of a spectrum, in cycles per pixel from the coarsest resolved to 0.5."""
    return np.linspace(1.5 / min(shape), 0.5, N_BINS + 1)


def radial_profile(spectrum: Values) -> Values:
    """Return the logarithm to base 10 of the mean power in N_BINS rings of frequency.

    A ring without power counts as 1e-6, far below the power of one grey level.

    Args:
        spectrum: (H, W) as from `power`.
    """
    radius = np.hypot(*np.meshgrid(*map(np.fft.fftfreq, spectrum.shape), indexing="ij"))
    ring = np.digitize(radius.ravel(), bin_edges(spectrum.shape))
    sums = np.bincount(ring, weights=spectrum.ravel(), minlength=N_BINS + 2)[1:-1]
    counts = np.bincount(ring, minlength=N_BINS + 2)[1:-1]
    means = np.divide(sums, counts, out=np.zeros(N_BINS), where=counts > 0)
    return np.asarray(np.log10(np.maximum(means, 1e-6)))


def checkerboard(spectrum: Values) -> float:
    """Return the logarithm to base 10 of how far the strongest pattern of period 2 or 4 px stands out.

    That is the mean power of a frequency and its neighbours over that of the frequencies around them, of those that
    upsampling by strides leaves behind: Odena et al., "Deconvolution and checkerboard artifacts", Distill 2016, doi
    10.23915/distill.00003. About 0 where there is no such pattern; NaN where there is no power at all.

    Args:
        spectrum: (H, W) as from `power`; sides are multiples of 4, at least 16.
    """
    height, width = spectrum.shape
    steps = (0, 1, 2)
    places = [(y * height // 4, x * width // 4) for y in steps for x in steps if (y, x) != (0, 0)]
    found = [_standing_out(spectrum, place) for place in places]
    return float(np.max(found))


def spectral_distance(a: Values, b: Values, resamples: int, rng: np.random.Generator) -> Estimate:
    """Return the root mean square difference of two sets' mean log spectra, in decades of power.

    Args:
        a: (n_images, N_BINS) profiles.
        b: the same of the images that they are compared with.
        resamples: bootstrap samples.
        rng: draws images.

    Returns:
        With the deviation over bootstrap samples of the images; NaN without images on either side.
    """
    if not len(a) or not len(b):
        return undefined(len(a), len(b))
    value = _distance(a.mean(axis=0), b.mean(axis=0))
    if min(len(a), len(b)) < 2:
        return Estimate(float(value), float("nan"), len(a), len(b))
    means = [drawn_weights(len(some), resamples, rng) @ some / len(some) for some in (a, b)]
    return Estimate(float(value), float(_distance(*means).std(ddof=1)), len(a), len(b))


def _distance(a: Values, b: Values) -> Values:
    return np.asarray(np.sqrt(((a - b) ** 2).mean(axis=-1)))


def _standing_out(spectrum: Values, place: tuple[int, int]) -> float:
    offsets = np.arange(-_REACH, _REACH + 1)
    # A spectrum goes on from its last frequency with its first.
    rows, columns = ((at + offsets) % n for at, n in zip(place, spectrum.shape, strict=True))
    around = spectrum[np.ix_(rows, columns)]
    peak = np.maximum(np.abs(offsets)[:, None], np.abs(offsets)) <= 1
    floor = around[~peak].mean()
    return float(np.log10(max(around[peak].mean(), 1e-12) / floor)) if floor > 0 else float("nan")
