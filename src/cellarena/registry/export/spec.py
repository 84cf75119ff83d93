"""What a format is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.catalog import Catalog

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Portable


@dataclass(frozen=True)
class Format:
    """A format of the catalog.

    Attributes:
        export: writes a release into an empty folder, proves what it wrote, and returns lines that say how.
        libraries: that it takes, beside this project's own, as they are imported.
        is_archive: whether what is handed on is a zip file of the folder.
    """

    export: "Callable[[Portable, Path], list[str]]"
    libraries: tuple[str, ...] = ()
    is_archive: bool = False


FORMATS: Catalog[Format] = Catalog("export", "cellarena.registry.export")
