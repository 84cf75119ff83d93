"""All promised objects of the places that keep them, read and compared with their names."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from cellarena.registry.integrity.checking import Finding, State, Watch, check
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.integrity.promised_objects import Listing, Use, objects_of, parse_listing, uses_of
from cellarena.registry.integrity.storage import Storage
from cellarena.registry.repository.outputs import Output


@dataclass(frozen=True)
class Survey:
    """What is promised, and what the places have of it.

    Attributes:
        outputs: that are promised, and by which commits.
        listings: the files of those that are folders, by the name of the folder's object; one is absent if no place
            has its object right, and then nobody can tell what its files are.
        found: by the name of a place, what it has under the name of every object.
    """

    outputs: Mapping[Output, Sequence[NamedCommit]]
    listings: Mapping[str, Listing]
    found: Mapping[str, Mapping[str, Finding]]

    @property
    def unlisted(self) -> list[Output]:
        """The folders of which nobody can tell what their files are."""
        return [output for output in self.outputs if output.is_folder and output.md5 not in self.listings]

    def faults(self) -> Iterator[tuple[str, Finding]]:
        """Yield the place and the finding of every object that is not right there."""
        for place, findings in self.found.items():
            yield from ((place, finding) for finding in findings.values() if finding.state != "right")

    def n(self, state: State, place: str) -> int:
        """Return how many objects a place has in this state."""
        return sum(finding.state == state for finding in self.found[place].values())

    def uses(self, names: Collection[str]) -> dict[str, list[Use]]:
        """Return where objects are promised, by object."""
        return uses_of(names, self.outputs, self.listings)


def survey(outputs: Mapping[Output, Sequence[NamedCommit]], storages: Sequence[Storage], watch: Watch) -> Survey:
    """Read every promised object at every place; it asks and raises what `folder_listings` does."""
    folders = {output.md5 for output in outputs if output.is_folder}
    listings, found = folder_listings(folders, storages, watch)
    files = objects_of(outputs, listings) - folders
    for storage in storages:
        found[storage.name] = dict(sorted((found[storage.name] | check(storage, files, watch)).items()))
    return Survey(outputs, listings, found)


def folder_listings(
    folders: Collection[str], storages: Sequence[Storage], watch: Watch
) -> tuple[dict[str, Listing], dict[str, dict[str, Finding]]]:
    """Return the files of folders, as the first place tells that has their object right, and what every place has.

    Raises:
        ValueError: if the object of a folder is right but no list of files.
        SecurityError: if a file of a folder would lie outside of it.
    """
    found = {storage.name: check(storage, folders, watch) for storage in storages}
    listings = {}
    for folder in sorted(folders):
        for storage in storages:
            if found[storage.name][folder].state == "right":
                listings[folder] = parse_listing(storage.read(folder), folder)
                break
    return listings, found
