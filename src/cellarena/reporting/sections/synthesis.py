"""The report's section on synthetic images: how near each generator's come to real ones."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from cellarena.datasets.describing.tables import ALL
from cellarena.evaluation.quality.sets import COMPARED, SYNTHETIC, TRAIN, VAL
from cellarena.reporting.document import Block, Illustration, Notes, Section, ShownTable, Text
from cellarena.reporting.tables import UNDEFINED, Table, other_table, plain

_HEADINGS = {
    "kid": "kernel distance of features (KID)",
    "nearest_neighbour_accuracy": "nearest neighbour's accuracy",
    "f1": "F1 of the real-trained network",
    "spectral_distance": "distance of spectra (decades)",
    "checkerboard": "checkerboard peak (decades)",
    "likeness": "likeness to a training crop",
    "memorised": "memorised crops (share)",
    "ks_background": "grey levels of background (KS)",
    "ks_interior": "grey levels of interior (KS)",
    "ks_boundary": "grey levels of boundary (KS)",
    "ks_area": "object area (KS)",
    "ks_eccentricity": "eccentricity (KS)",
    "ks_solidity": "solidity (KS)",
    "ks_neighbour_distance": "distance to the nearest object (KS)",
    "ks_contrast": "contrast (KS)",
    "ks_n_objects": "objects in an image (KS)",
    "ks_density": "objects per megapixel (KS)",
}
_BY_MODALITY = ("kid", "nearest_neighbour_accuracy", "f1", "spectral_distance", "memorised")
_DEFINITIONS = (
    "Every set is compared with the train subset. The column of the validation images says what real images reach: "
    "synthetic ones cannot be expected to come nearer. In the column of the shuffled ones the blocks of 8 x 8 pixels "
    "of the validation images are in random order: a measure that does not see this sees nothing.",
    "The kernel distance is the unbiased squared maximum mean discrepancy (Binkowski et al. 2018) of standardised "
    "features of the study's first network, trained on the real images alone; 0 for equal distributions, and it may "
    "be negative. It does not compare with published ones, whose features are those of another network.",
    "The nearest neighbour's accuracy is how often the most similar image is of the same set: 0.5 if nobody can tell "
    "the sets apart, 1 if everybody can, below 0.5 if images are copies of those of the other set.",
    "F1 is at IoU 0.5, of the same network's segmentation against the labels that images were made from; it is low "
    "where an image does not show its labels. The decoding was tuned on the validation images.",
    "The spectra's distance is the root mean square difference of the mean log power. The checkerboard peak is how far "
    "patterns of 2 or 4 pixels stand out of the spectrum around them; read it beside that of the train subset.",
    "Likeness is the largest correlation with a training crop over turns, mirrorings and shifts, of the twenty nearest "
    "by features. Crops more alike than 99% of the validation crops of their modality count as memorised, so that of "
    "the validation crops about one in a hundred does; undefined with fewer than 20 of them.",
    "KS is the largest difference of two distribution functions, 0 to 1. After \N{PLUS-MINUS SIGN} stands the "
    "deviation over subsets (kernel distance), the standard error (accuracy, F1, likeness, shares, peaks) or the "
    "deviation over bootstrap samples of the images (all others).",
)


def synthesis_section(measures: Mapping[str, pd.DataFrame], figures: Sequence[Illustration]) -> Section:
    """Return the section on the quality of synthetic images.

    Args:
        measures: by generator, as from `evaluation.quality.measures.measure_table`.
        figures: sheets and distributions, in the order in which they are to stand.
    """
    blocks: list[Block] = []
    for name, table in measures.items():
        whole = table[table["modality"] == ALL]
        blocks += [Text(" ".join(_sentences(plain(name), whole))), ShownTable(f"Quality of {name}", _overall(whole))]
        blocks.append(ShownTable(f"Quality of {name} by modality", _by_modality(table)))
    return Section("Synthetic images", [*blocks, Notes(_DEFINITIONS if blocks else ()), *figures])


def _overall(table: pd.DataFrame) -> Table:
    """Return a row a measure: what it is for each set, and how many images there are."""
    rows = []
    for measure, heading in _HEADINGS.items():
        own = table[table["measure"] == measure].set_index("images")
        if len(own):
            values = {_column(name): _shown(own, name) for name in (*COMPARED, TRAIN)}
            rows.append({"measure": heading, **values, "images": int(own["n"].get(SYNTHETIC, 0))})
    return other_table(pd.DataFrame(rows, columns=["measure", *map(_column, (*COMPARED, TRAIN)), "images"]))


def _by_modality(table: pd.DataFrame) -> Table:
    rows = []
    for modality in table.loc[table["modality"] != ALL, "modality"].unique():
        for measure in _BY_MODALITY:
            own = table[(table["modality"] == modality) & (table["measure"] == measure)].set_index("images")
            values = {_column(name): _shown(own, name) for name in COMPARED}
            counts = {f"n {_column(name)}": int(own["n"].get(name, 0)) for name in (SYNTHETIC, VAL)}
            rows.append({"modality": modality, "measure": _HEADINGS[measure], **values, **counts})
    columns = ["modality", "measure", *map(_column, COMPARED), "n synthetic", "n validation"]
    return other_table(pd.DataFrame(rows, columns=columns))


def _column(images: str) -> str:
    return "validation" if images == VAL else images


def _shown(own: pd.DataFrame, images: str) -> str:
    """Return a value with its deviation; a dash where there is none."""
    found = own.loc[own.index == images, ["value", "sd"]].to_numpy(float)
    if not len(found) or np.isnan(found[0, 0]):
        return UNDEFINED
    value, sd = found[0]
    return f"{value:.3g}" if np.isnan(sd) else f"{value:.3g} \N{PLUS-MINUS SIGN} {sd:.2g}"


def _sentences(name: str, whole: pd.DataFrame) -> Iterator[str]:
    """Yield what the main measures say of a generator in words."""
    kinds = {measure: own.set_index("images") for measure, own in whole.groupby("measure", sort=False)}
    told = {
        "kid": "The kernel distance of {name} to the train subset is {synthetic}; that of the validation images {val}.",
        "f1": "The real-trained network reaches F1 {synthetic} on them, and {val} on the validation images.",
        "nearest_neighbour_accuracy": "A nearest neighbour tells them from training images with accuracy {synthetic}; "
        "validation images with {val}.",
        "memorised": "The share of memorised crops is {synthetic}; of the validation images' {val}.",
    }
    for measure, sentence in told.items():
        if measure in kinds:
            values = {images: _shown(kinds[measure], images) for images in (SYNTHETIC, VAL)}
            yield sentence.format(name=name, **values)
