"""What a format is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.catalog import Catalog

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Portable, Runner
    from cellarena.registry.export.proof import Proof


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


@dataclass(frozen=True)
class NetworkFile:
    """A kind of file that holds a network.

    Attributes:
        name: of the file.
        write: writes the network of a release to a path; ValueError if it cannot be written so.
        load: returns the network in such a file.
        usage: a line of Python that runs it on `pixels`.
    """

    name: str
    write: "Callable[[Portable, Path], None]"
    load: "Callable[[Path], Runner]"
    usage: str

    def proved(self, portable: "Portable", folder: Path) -> "Proof":
        """Write the file into a folder, and return what was found of the network in it; see `prove`."""
        from cellarena.registry.export.proof import prove

        self.write(portable, folder / self.name)
        return prove(portable, self.load(folder / self.name), self.name)

    def export(self, portable: "Portable", folder: Path) -> list[str]:
        """Write the file and its README; see `Format`."""
        from cellarena.registry.export.readme import write_readme

        proof = self.proved(portable, folder)
        write_readme(portable, proof, self.name, self.usage, folder)
        return [f"{self.name}: {proof}"]


FORMATS: Catalog[Format] = Catalog("export", "cellarena.registry.export")
