"""The report's appendix on what networks see: filters and feature maps."""

from collections.abc import Sequence

from cellarena.records import Run
from cellarena.reporting.document import Illustration, Notes, Section

FIGURES = {
    "tiny_filters": ("Filters of a tiny network", "The first of three convolutions."),
    "tiny_maps": ("Feature maps of a tiny network", "All maps of each convolution; the last one has a map a class."),
    "run_filters": ("Filters of a trained run", "The convolution that works first; at most 16 of its filters."),
    "run_maps": (
        "Feature maps of a trained run",
        "The last convolution of each resolution, down to the coarsest and up again; the maps that vary most.",
    ),
}
"""Title and caption of each figure, by the name of its file."""


def visuals_section(figures: Sequence[Illustration], run: Run) -> Section:
    """Return the appendix.

    Args:
        figures: those of `FIGURES`.
        run: whose network is shown beside the tiny one.
    """
    lines = [
        "A convolution slides its filters over the image; a feature map shows where a filter answers. The image is the "
        "test image with the most objects, or its part that holds the most.",
        "The tiny network has three convolutions of 7, 5 and 5 pixels and no change of resolution: each of its answers "
        "rests on a window of 15 x 15 pixels. It learns background, interior and boundary from the train subset for "
        "seconds; it is there to be looked at, and is in no comparison.",
        f"The other network is that of {run}, with the weights that are tested. On its way down, maps turn from edges "
        "to coarse areas; on its way up, they regain the detail; chequered maps are those of "
        "transposed convolutions, whose kernels overlap.",
        "Filters are summed over the colour channels, which is all that acts on a grey image. Feature maps show what "
        "an answer depends on; they prove nothing about how well a network segments.",
    ]
    return Section("Appendix: what networks see", [Notes(lines), *figures])
