"""Every measure of a generator's quality by modality, for synthetic, real and shuffled images."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from cellarena.datasets.describing.tables import ALL
from cellarena.evaluation.quality.descriptions import PART
from cellarena.evaluation.quality.distributions import histogram_distance, value_distance
from cellarena.evaluation.quality.estimates import Estimate, Values, mean_of_images
from cellarena.evaluation.quality.image_summaries import OBJECT_MEASURES, PIXEL_CLASSES, ImageSummary, crop_features
from cellarena.evaluation.quality.kernel_distance import kernel_distance
from cellarena.evaluation.quality.memorisation import memorised, nearest_training_crops
from cellarena.evaluation.quality.sets import (
    COMPARED,
    SHUFFLED,
    SYNTHETIC,
    TRAIN,
    VAL,
    Sets,
    histograms,
    modalities_of,
    object_values,
    of_modality,
    profiles,
)
from cellarena.evaluation.quality.spectra import spectral_distance
from cellarena.evaluation.quality.two_samples import two_sample_accuracy
from cellarena.seeds import generator
from cellarena.tables import IMAGE, MODALITY, integers, numbers, schema, texts

Comparison = Callable[[Sequence[ImageSummary], Sequence[ImageSummary], int, np.random.Generator], Estimate]
"""Of images, those that they are compared with, the number of bootstrap samples, and what they are drawn by."""

MEASURED = schema(
    "quality measures",
    "Every measure of a generator's images, for all images and for each modality, beside real and shuffled ones",
    texts("measure", "a distance to or likeness with the train subset, or F1 of a network trained on it"),
    PART,
    numbers("value?, sd?", "of the measure, and its standard deviation; empty where it cannot be told"),
    integers("n", "images that have a value"),
    integers("n_reference", "training images; 0 for a measure that compares with none"),
)  # fmt: skip
MEMORISATION = schema(
    "memorisation", "For each synthetic image its crop that is most like one of a training image of its modality",
    IMAGE, MODALITY,
    integers("crop", "from 0 in the image"),
    texts("nearest?", "the training image; empty where the modality has none"),
    integers("nearest_crop?", "from 0 in that image"),
    numbers("likeness?", "of the two crops, at most 1"),
    integers("n_crops", "of the image"),
    numbers("memorised?", "share of them more like a training crop than 99 % of at least 20 validation crops"),
)  # fmt: skip


def _on_features(compare: Callable[[Values, Values, np.random.Generator], Estimate]) -> Comparison:
    return lambda own, train, _, rng: compare(crop_features(own), crop_features(train), rng)


def _on_pixels(number: int) -> Comparison:
    return lambda own, train, n, rng: histogram_distance(histograms(own, number), histograms(train, number), n, rng)


def _on_objects(name: str) -> Comparison:
    return lambda own, train, n, rng: value_distance(object_values(own, name), object_values(train, name), n, rng)


_ON_IMAGES: dict[str, Comparison] = {
    "kid": _on_features(kernel_distance),
    "nearest_neighbour_accuracy": _on_features(two_sample_accuracy),
    "spectral_distance": lambda own, train, n, rng: spectral_distance(profiles(own), profiles(train), n, rng),
    **{f"ks_{name}": _on_pixels(number) for number, name in enumerate(PIXEL_CLASSES)},
}
_ON_OBJECTS: dict[str, Comparison] = {
    f"ks_{name}": _on_objects(name) for name in (*OBJECT_MEASURES, "n_objects", "density")
}
MEASURES = ("kid", "nearest_neighbour_accuracy", "f1", "spectral_distance", "checkerboard", "likeness", "memorised",
            *(name for name in (*_ON_IMAGES, *_ON_OBJECTS) if name.startswith("ks_")))  # fmt: skip


def measure_table(sets: Sets, memory: pd.DataFrame, resamples: int, seed: int) -> pd.DataFrame:
    """Return every measure for all images and for each modality.

    Args:
        sets: the summaries, features in units of those of the training images.
        memory: as from `memory_table`.
        resamples: samples of every bootstrap.
        seed: of what is drawn.

    Returns:
        The columns of MEASURED. Objects and F1 have no row for SHUFFLED, whose labels are those of VAL.
    """
    rows = [
        (measure, modality, images, found.value, found.sd, found.n, found.n_reference)
        for modality in modalities_of(sets)
        for measure, images, found in _measured(sets, memory, modality, resamples, seed)
    ]
    table = pd.DataFrame(rows, columns=MEASURED.names)
    order = {name: place for place, name in enumerate(MEASURES)}
    return table.sort_values("measure", key=lambda names: names.map(order), kind="stable", ignore_index=True)


def _measured(
    sets: Sets, memory: pd.DataFrame, modality: str, resamples: int, seed: int
) -> Iterator[tuple[str, str, Estimate]]:
    own = {images: of_modality(summaries, modality) for images, summaries in sets.items()}
    for images in COMPARED:
        comparisons = _ON_IMAGES if images == SHUFFLED else {**_ON_IMAGES, **_ON_OBJECTS}
        for name, compare in comparisons.items():
            rng = generator(seed, "quality", name, modality, images)
            yield name, images, compare(own[images], own[TRAIN], resamples, rng)
        if images != SHUFFLED:
            yield "f1", images, mean_of_images(np.array([summary.f1 for summary in own[images]], float))
        nearest = memory[(memory["images"] == images) & (memory["modality"].isin([modality]) | (modality == ALL))]
        for name in ("likeness", "memorised"):
            yield name, images, mean_of_images(nearest[name].to_numpy(float), len(own[TRAIN]))
    for images in (SYNTHETIC, TRAIN, VAL, SHUFFLED):
        yield "checkerboard", images, mean_of_images(np.array([summary.checkerboard for summary in own[images]], float))


def memory_table(sets: Sets) -> pd.DataFrame:
    """Return for each image the crop that is most like one of a training image of its modality.

    Returns:
        Column images, then those of MEMORISATION.
    """
    rows = []
    for modality in modalities_of(sets)[1:]:
        own = {images: of_modality(sets[images], modality) for images in sets}
        found = {images: _nearest(own[images], own[TRAIN]) for images in COMPARED}
        real = found[VAL]["likeness"].dropna().to_numpy(float)
        for images in COMPARED:
            likenesses = found[images]["likeness"].to_numpy(float)
            flags = np.where(np.isnan(likenesses), np.nan, memorised(likenesses.tolist(), real.tolist()))
            rows.append(found[images].assign(images=images, modality=modality, memorised=flags))
    crops = pd.concat(rows, ignore_index=True)
    share = crops.groupby(["images", "image"])["memorised"].agg(lambda flags: flags.mean(skipna=False))
    ordered = crops.sort_values(["likeness", "crop"], ascending=[False, True], na_position="last")
    best = ordered.drop_duplicates(["images", "image"]).drop(columns="memorised")
    joined = best.join(share, on=["images", "image"])
    return joined[["images", *MEMORISATION.names]].sort_values(["images", "image"], ignore_index=True)


def _nearest(summaries: Sequence[ImageSummary], train: Sequence[ImageSummary]) -> pd.DataFrame:
    """Return for each crop of the images its training crop: image, crop, n_crops, nearest, nearest_crop, likeness."""
    owners = [(summary.id, k, len(summary.features)) for summary in summaries for k in range(len(summary.features))]
    table = pd.DataFrame(owners, columns=["image", "crop", "n_crops"])
    if not train or not summaries:
        return table.assign(nearest="", nearest_crop=pd.array([None] * len(table), "Int64"), likeness=np.nan)
    places = [(summary.id, k) for summary in train for k in range(len(summary.features))]
    own, theirs = (
        [np.concatenate([getattr(summary, name) for summary in some]) for name in ("features", "thumbnails")]
        for some in (summaries, train)
    )
    found = nearest_training_crops(*own, *theirs)
    return table.assign(
        nearest=[places[one.index][0] for one in found],
        nearest_crop=pd.array([places[one.index][1] for one in found], "Int64"),
        likeness=[one.likeness for one in found],
    )
