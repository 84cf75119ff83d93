"""The source `folder`: any local tree of annotated images."""

from collections.abc import Iterator

from rich.console import Console

from cellarena.datasets.reading.inventory import show
from cellarena.datasets.reading.surveys import samples, survey
from cellarena.datasets.sources.spec import SOURCES, Acquisition, Sample, Source


def folder_samples(acquisition: Acquisition) -> Iterator[Sample]:
    """Yield the annotated images of the tree at `acquisition.root`, after all of it passed the checks.

    What was found is printed to stderr as a table. Files are read one pair at a time.

    Raises:
        FileNotFoundError, ValueError, SecurityError: as `survey`.
    """
    seen = survey(acquisition.root, acquisition)
    show(seen, Console(stderr=True))
    yield from samples(seen, acquisition)


SOURCES.register("folder")(Source(folder_samples, citation="images given by the user"))
