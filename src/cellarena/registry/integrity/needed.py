"""Which objects a git repository needs, by all that git, DVC or a working tree has a name for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from cellarena.faults import IntegrityError
from cellarena.registry.integrity.checking import Watch
from cellarena.registry.integrity.garbage import hashes_in
from cellarena.registry.integrity.states import State
from cellarena.registry.integrity.storage import FOLDER, Storage
from cellarena.registry.integrity.survey import folder_listings
from cellarena.registry.repository.dvc_files import project_of, project_roots
from cellarena.registry.repository.outputs import Output, outputs_in


class Folder(NamedTuple):
    """The object of a folder, the output that it is of, and the state that needs it."""

    md5: str
    path: str
    state: str


@dataclass(frozen=True)
class Needed:
    """What is needed.

    Attributes:
        names: every md5 that a file of DVC spells out, as of a file and as of a folder.
        spelt: those that reports and notes do.
        folders: that this project keeps; if one's list of files is lost, anything may belong to it.
    """

    names: set[str]
    spelt: set[str]
    folders: list[Folder]


def needed(states: Iterable[State], others: Collection[str]) -> Needed:
    """Return what these states of the whole git repository need.

    Args:
        states: as from `states`.
        others: the folders of other DVC projects in it, whose folders may be in a cache of their own only.

    Raises:
        ValueError: if a file of DVC cannot be read.
    """
    found = Needed(set(), set(), [])
    for state in states:
        found.names.update(hashes_in(content for _, content in state.contents))
        found.spelt.update(hashes_in(state.texts))
        found.folders.extend(_folders(state, others))
    return found


def objects_needed(found: Needed, asked: Sequence[Storage], watch: Watch) -> set[str]:
    """Return the names of all objects that are needed, with the files of folders.

    Args:
        found: as from `needed`.
        asked: the places that may have the lists of folders' files.
        watch: shows how far it is.

    Raises:
        IntegrityError: if a folder's list is lost or rotten.
    """
    there = set[str]().union(*(storage.names() for storage in asked))
    kept = {folder.md5: folder for folder in found.folders}
    wanted = kept.keys() | {name for name in (found.names | found.spelt) & there if name.endswith(FOLDER)}
    listings, _ = folder_listings(wanted, asked, watch)
    if lost := sorted(wanted - listings.keys()):
        first = kept.get(lost[0], Folder(lost[0], lost[0], "a file"))
        more = f" and {len(lost) - 1} more" if len(lost) > 1 else ""
        raise IntegrityError(
            f"nobody can tell which files belong to {first.path} of {first.state}{more}; nothing was removed; run "
            "`cellarena heal` or `dvc fetch --all-commits` first"
        )
    return (found.names | found.spelt).union(*(listing.values() for listing in listings.values()))


def _folders(state: State, others: Collection[str]) -> Iterable[Folder]:
    roots = {*others, *project_roots(state.tracked)}
    try:
        for path, content in state.contents:
            is_ours = project_of(path, roots) not in others
            for output in outputs_in([(path, content)], state.pipelines, state.tracked):
                if is_ours and isinstance(output, Output) and output.is_cached and output.is_folder:
                    yield Folder(output.md5, output.path, state.name)
    except ValueError as error:
        raise ValueError(f"{state.name}: {error}; nobody can tell what it needs, nothing was removed") from error
