"""States of all files, of a whole git repository: what is committed, staged, stashed, or lies on a disk."""

import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

from cellarena.faults import IntegrityError
from cellarena.registry.integrity.named import git_folders, named_trees, texts_in_progress
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.repository.dvc_files import is_dvc_file, pipeline_beside, project_roots
from cellarena.registry.repository.outputs import with_folders
from cellarena.registry.repository.repository import Repository, parse_tree


@dataclass(frozen=True)
class State:
    """What a state of the files has of DVC.

    Attributes:
        name: what names it, for messages.
        contents: of every dvc.lock and .dvc file by its path from the root of the git repository; while a merge is
            unfinished a path may come more than once.
        pipelines: the contents of the dvc.yaml files beside them.
        tracked: the paths of files and folders that git holds in this state.
        texts: reports and notes, which may spell out what they were made of.
    """

    name: str
    contents: Sequence[tuple[str, bytes]]
    pipelines: Mapping[str, bytes] = field(default_factory=dict)
    tracked: Collection[str] = ()
    texts: Sequence[bytes] = ()


def states(repository: Repository, reports: str, elsewhere: Sequence[NamedCommit]) -> Iterator[State]:
    """Yield every state that git, DVC or a working tree has a name for; what several have alike comes once.

    Args:
        repository: all of whose git repository is asked, not only the project's folder.
        reports: the folder of a project that holds its reports.
        elsewhere: what other repositories name, as from `commits_elsewhere`.

    Raises:
        IntegrityError: if git cannot read a ref or a commit, or the system a file.
    """
    reader = _Reader(reports, repository.within)
    asked = [(named.commit, named.name) for named in elsewhere]
    try:
        for place in git_folders(repository):
            trees, files = named_trees(place.git, asked)
            # The clone of an experiment that runs may lack what the repository fetched.
            asked = []
            for tree, name in trees.items():
                yield from reader.tree(place.git, tree, name)
            yield State("refs", [], texts=[*place.git.blobs(files).values(), *texts_in_progress(place.git)])
            yield reader.of_git(place.git, f"the index of {place.git.folder}", list(_staged(place.git)))
            if place.tree:
                yield reader.disk(place.tree, place.git)
    except (ValueError, OSError) as error:
        raise IntegrityError(f"nobody can tell what is needed: {error}") from error


class _Reader:
    """Reads states, and of each what no state before it had."""

    def __init__(self, reports: str, within: str) -> None:
        self._reports, self._within = reports, within
        self._trees: set[str] = set()
        self._seen: set[tuple[str, str]] = set()

    def tree(self, git: Repository, tree: str, name: str) -> Iterator[State]:
        if tree in self._trees:
            return
        self._trees.add(tree)
        files = parse_tree(git.git("ls-tree", "-r", "-z", tree))
        blobs = [(path, blob.hash) for path, blob in files.items()]
        yield self.of_git(git, name, blobs)

    def disk(self, folder: Path, git: Repository) -> State:
        """Return what lies in a working tree, ignored by git or not."""
        tracked = {path for path, _ in _staged(git)}
        files = list(_files_below(folder))
        roots = project_roots([*tracked, *files]) | {self._within}
        wanted = [path for path in files if is_dvc_file(path)]
        beside = {pipeline_beside(path) for path in wanted}.intersection(files)
        reports = [folder / path for path in files if self._is_report(path, roots)]
        return State(
            str(folder),
            [(path, _read(folder / path)) for path in wanted],
            {path: _read(folder / path) for path in beside},
            with_folders(tracked),
            [path.read_bytes() for path in reports if path.is_file()],
        )

    def of_git(self, git: Repository, name: str, blobs: Sequence[tuple[str, str]]) -> State:
        """Return what git holds under paths, of which one that is unmerged comes more than once."""
        by_path, roots = dict(blobs), project_roots(path for path, _ in blobs) | {self._within}
        new = [entry for entry in blobs if entry not in self._seen]
        self._seen.update(new)
        wanted = [entry for entry in new if is_dvc_file(entry[0])]
        are_notes = name.startswith("refs/notes/")
        texts = [entry for entry in new if are_notes or self._is_report(entry[0], roots)]
        beside = {pipeline_beside(path) for path, _ in wanted} & by_path.keys()
        read = git.blobs([blob for _, blob in (*wanted, *texts)] + [by_path[path] for path in beside])
        return State(
            name,
            [(path, read[blob]) for path, blob in wanted],
            {path: read[by_path[path]] for path in beside},
            with_folders(by_path.keys()) if wanted else (),
            [read[blob] for _, blob in texts],
        )

    def _is_report(self, path: str, roots: Iterable[str]) -> bool:
        return any(path.startswith(f"{root}/{self._reports}/".lstrip("/")) for root in roots)


def other_projects(repository: Repository) -> set[str]:
    """Return the folders of the other DVC projects in a clone, from its root: they have caches of their own."""
    roots = project_roots(_files_below(repository.folder))
    return {root for root in roots if (repository.folder / root / ".dvc").is_dir()} - {repository.within}


def _staged(git: Repository) -> Iterator[tuple[str, str]]:
    """Yield the path and the blob of every entry of an index; of one that is unmerged there are several."""
    for entry in git.git("ls-files", "--stage", "-z").split(b"\0")[:-1]:
        facts, _, path = entry.partition(b"\t")
        mode, blob, _ = facts.decode().split()
        if mode != "160000":
            yield os.fsdecode(path), blob


def _files_below(folder: Path) -> Iterator[str]:
    """Yield the paths of files in a working tree; of .dvc folders only whether they are a project's."""
    for place, folders, files in os.walk(folder, onerror=_refuse):
        here = Path(place).relative_to(folder).as_posix()
        prefix = "" if here == "." else f"{here}/"
        if ".dvc" in folders:
            yield f"{prefix}.dvc/config"
        folders[:] = [name for name in folders if name not in {".git", ".dvc"}]
        yield from (prefix + name for name in files)


def _read(path: Path) -> bytes:
    if not path.is_file():
        # A pipe would keep its reader waiting for ever.
        raise OSError(f"{path}: is no file, or a link that points at nothing")
    return path.read_bytes()


def _refuse(error: OSError) -> NoReturn:
    raise error
