"""The report's section on the data set: what it holds, how it is divided, what is odd about it."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from cellarena.datasets.describing.tables import ALL, CLIPPED
from cellarena.reporting.document import Block, Illustration, Notes, Section, ShownTable, Text, Warnings
from cellarena.reporting.tables import Table, other_table

_MOST_DUPLICATES = 20
_FEW = 5
_IMAGES = {
    "modality": "modality", "n_images": "images", "n_train": "train", "n_val": "val", "n_test": "test",
    "n_near_duplicates": "near-duplicates", "n_sizes": "sizes", "bits": "bits", "channels": "channels",
    "pixel_sizes": "pixel size",
}  # fmt: skip
_CELLS = {
    "modality": "modality", "n_objects": "cells", "cells_min": "fewest in an image", "cells_median": "median",
    "cells_max": "most", "density_median": "per megapixel", "area_p05": "area 5% (px)",
    "area_median": "area median (px)", "area_p95": "area 95% (px)", "diameter_median": "diameter (px)",
    "touching": "touching (share)", "cut": "cut (share)",
}  # fmt: skip
_ROUNDED = ("cells_median", "density_median", "area_p05", "area_median", "area_p95")
_CLASSES = ("modality", "background", "interior", "boundary")
_INTENSITIES = {
    "modality": "modality", "dtype": "pixel type", "channel": "channel", "n_images": "images", "minimum": "minimum",
    "p01": "1%", "median": "median", "p99": "99%", "maximum": "maximum", "range_used": "range used (share)",
    "n_clipped": "clipped images", "n_constant": "constant images",
}  # fmt: skip
_DEFINITIONS = (
    "Cells, areas and diameters are those of the annotation, pooled over the images of a modality; per megapixel is "
    "the median image's. Medians of counts and areas are rounded. The diameter is that of the circle of a cell's "
    "area, its median.",
    "A touching cell has a neighbouring pixel in another cell. A cut one reaches into the two outermost rows or "
    "columns; scores without border objects leave it out.",
)
_INTENSITY_NOTES = (
    "Intensities are as acquired, in the units of the pixel type. 1%, median and 99% are percentiles of an image, "
    "their median over the images; range used is the median share of the pixel type's range.",
    f"A channel is clipped in an image if more than {CLIPPED:.0%} of its pixels have its largest value.",
)


def data_set_section(
    summary: pd.DataFrame,
    intensities: pd.DataFrame,
    near_duplicates: pd.DataFrame,
    figures: Sequence[Illustration],
    sheets: Sequence[Illustration],
) -> Section:
    """Return the section on the data set.

    Args:
        summary: as from `datasets.describing.exploration.summary`.
        intensities: as from `datasets.describing.exploration.intensity_summary`.
        near_duplicates: as from `datasets.describing.exploration.near_duplicates`.
        figures: distributions, in the order in which they are to stand.
        sheets: contact sheets.

    Raises:
        KeyError: if a table lacks a column or the row of all images.
    """
    whole = summary.set_index("modality").loc[ALL]
    cells = summary.assign(**{name: summary[name].round().astype("Int64") for name in _ROUNDED})
    blocks: list[Block] = [
        Text(f"{whole['n_images']} images with {whole['n_objects']} annotated cells."),
        Warnings(list(_alarms(summary))),
        ShownTable("Images by modality", _shown(summary, _IMAGES)),
        ShownTable("Cells by modality", _shown(cells, _CELLS)),
        Notes([*_DEFINITIONS, *_oddities(summary)]),
        ShownTable("Classes of pixels (shares)", other_table(summary[list(_CLASSES)])),
        # Where all are whole they are shown so.
        ShownTable("Intensities by modality", _shown(intensities.convert_dtypes(), _INTENSITIES)),
        Notes(_INTENSITY_NOTES),
        *figures,
        Text(_duplicates(near_duplicates)),
    ]
    if len(near_duplicates):
        table = other_table(near_duplicates[["group", "image", "modality", "subset"]])
        blocks.append(ShownTable("Near-duplicates", table, _MOST_DUPLICATES))
    return Section("Data set", [block for block in (*blocks, *sheets) if not _is_empty(block)])


def _shown(table: pd.DataFrame, headings: Mapping[str, str]) -> Table:
    return other_table(table[list(headings)].rename(columns=dict(headings)))


def _is_empty(block: Block) -> bool:
    return isinstance(block, Notes | Warnings) and not block.lines


def _duplicates(near_duplicates: pd.DataFrame) -> str:
    n_groups, n_images = near_duplicates["group"].nunique(), len(near_duplicates)
    if not n_groups:
        return "No two images are near-duplicates of each other."
    groups = "1 group" if n_groups == 1 else f"{n_groups} groups"
    return f"{n_images} images are near-duplicates of others, in {groups}."


def _alarms(summary: pd.DataFrame) -> Iterator[str]:
    """Yield what speaks against trusting scores on this data set."""
    for row in summary.to_dict("records"):
        absent = [subset for subset in ("train", "val", "test") if row[f"n_{subset}"] == 0]
        if absent:
            yield f"{row['modality']}: no image in {' and '.join(absent)}."
        if 0 < row["n_test"] < _FEW:
            yield f"{row['modality']}: {row['n_test']} in test, so that its scores say little of the modality."
        if row["n_pixel_sizes"] > 1:
            yield (
                f"{row['modality']}: pixel sizes are mixed: {row['pixel_sizes']}; sizes in pixels do not compare, and "
                "a model meets one kind of cell at several scales."
            )


def _oddities(summary: pd.DataFrame) -> Iterator[str]:
    """Yield what annotations hold that a reader may not expect."""
    for row in summary[summary["modality"] != ALL].to_dict("records"):
        if row["n_empty"]:
            yield f"{row['modality']}: {row['n_empty']} of {row['n_images']} images without a cell."
        if row["n_in_pieces"]:
            yield f"{row['modality']}: {row['n_in_pieces']} of {row['n_objects']} cells in pieces that do not touch."
        if row["n_ignored"]:
            yield (
                f"{row['modality']}: nobody annotated {row['n_ignored']:,} pixels; no network learns from them, and "
                "what is predicted there is not scored."
            )
