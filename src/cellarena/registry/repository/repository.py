"""A git repository read by its commits, never by a checkout: what it tracks cannot write anywhere."""

import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from cellarena.faults import IntegrityError, SecurityError
from cellarena.registry.repository.addresses import public_address, split_address, with_subfolder
from cellarena.registry.repository.dvc_files import read_mapping
from cellarena.registry.repository.git_process import run_git


class Blob(NamedTuple):
    """A file in git: the hash of its content, and whether it is a symbolic link."""

    hash: str
    is_link: bool


@dataclass(frozen=True)
class Repository:
    """The history of a project: of a git repository, or of one folder in it.

    Attributes:
        folder: of a clone's working tree, or of a bare copy; what git works in.
        address: as the user wrote it but for passwords and tokens, for messages.
        home: the project's folder, which addresses of remotes are relative to; None where it is not on this machine.
        within: the project's folder in the git repository, POSIX; empty where it is the root. All paths are relative
            to it.
    """

    folder: Path
    address: str
    home: Path | None
    within: str = ""

    def git(self, *arguments: str, given: bytes = b"") -> bytes:
        """Return what a git command prints here; as `run_git`."""
        return run_git("-C", str(self.folder), *arguments, given=given)

    def commit(self, revision: str) -> str:
        """Return the full hash of the commit that a branch, tag or hash names; a ValueError if there is none."""
        try:
            found = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except ValueError as error:
            raise ValueError(
                f"{self.address}: no commit is called {revision!r}; `git fetch --tags` may help"
            ) from error
        return found.decode().strip()

    def inside(self, path: str | PurePosixPath | Path) -> str:
        """Return a path of the project as git names it, from the root of its repository."""
        return (PurePosixPath(self.within) / PurePosixPath(path)).as_posix()

    def tree(self, commit: str) -> str:
        """Return what git calls the project's folder at a commit."""
        return f"{commit}:{self.within}" if self.within else commit

    def read(self, commit: str, path: str) -> bytes | None:
        """Return a file's content at a commit, None if there is none; an IntegrityError if git cannot read it."""
        try:
            return self.git("cat-file", "blob", f"{commit}:{self.inside(path)}")
        except ValueError as error:
            if path in self.files(commit):
                raise IntegrityError(
                    f"{self.address}: {path} at {commit[:7]} cannot be read ({error}); see `git fsck`"
                ) from error
            return None

    def contents(self, commit: str, paths: Iterable[str]) -> dict[str, bytes]:
        """Return the contents of files that a commit has, by their paths; all are read at once, as by `blobs`."""
        blobs = {path: self.files(commit)[path].hash for path in paths}
        read = self.blobs(blobs.values())
        return {path: read[blob] for path, blob in blobs.items()}

    def blobs(self, hashes: Iterable[str]) -> dict[str, bytes]:
        """Return the contents that git has under these hashes; an IntegrityError if git cannot read one."""
        wanted, found = sorted(set(hashes)), dict[str, bytes]()
        if not wanted:
            return found
        printed, at = self.git("cat-file", "--batch", given="".join(f"{name}\n" for name in wanted).encode()), 0
        for name in wanted:
            end = printed.index(b"\n", at)
            *_, size = printed[at:end].split()
            if not size.isdigit():
                raise IntegrityError(f"{self.address}: git cannot read {name}; see `git fsck`, `git fetch --refetch`")
            at = end + 1 + int(size) + 1
            found[name] = printed[end + 1 : at - 1]
        return found

    def mapping(self, commit: str, path: str) -> dict[str, Any]:
        """Return the content of a YAML file at a commit, as `read_mapping`; {} if there is no such file."""
        try:
            return read_mapping(path, self.read(commit, path) or b"")
        except ValueError as error:
            raise ValueError(f"{self.address}: at {commit[:7]} {error}") from error

    def files(self, commit: str) -> Mapping[str, Blob]:
        """Return all files of a commit, which its full hash names, by their paths."""
        return _files(self, commit)

    def refs(self, *below: str) -> dict[str, str]:
        """Return what refs name, by the ref: all refs, or those below others such as refs/heads."""
        listed = self.git("for-each-ref", "--format=%(objectname) %(refname)", *below)
        pairs = (line.partition(" ") for line in listed.decode(errors="surrogateescape").split("\n")[:-1])
        return {ref: name for name, _, ref in pairs}

    def refuse_escape(self, commit: str, path: str) -> None:
        """Raise a SecurityError if a path is absolute, leads up, or passes a symbolic link that the commit tracks."""
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in path:
            raise SecurityError(f"{self.address}: the path {path!r} leads out of the repository; it is not read")
        for folder in map(str, reversed([pure, *pure.parents][:-1])):
            if (tracked := self.files(commit).get(folder)) and tracked.is_link:
                raise SecurityError(
                    f"{self.address}: {folder} is a symbolic link at {commit[:7]}, so that {path} may lie outside the "
                    "repository; it is not read"
                )


@lru_cache(maxsize=64)
def _files(repository: Repository, commit: str) -> Mapping[str, Blob]:
    within = repository.within
    if within and not repository.git("ls-tree", "-d", "-z", commit, "--", within):
        return {}
    return parse_tree(repository.git("ls-tree", "-r", "-z", repository.tree(commit)))


def parse_tree(listed: bytes) -> dict[str, Blob]:
    """Return every file by its path, from what `git ls-tree -r -z` prints; other repositories in it are left out."""
    found = {}
    for entry in listed.split(b"\0")[:-1]:
        facts, _, path = entry.partition(b"\t")
        mode, kind, blob = facts.split()
        if kind == b"blob":
            found[os.fsdecode(path)] = Blob(blob.decode(), mode == b"120000")
    return found


def open_repository(address: str, copies: Path) -> Repository:
    """Return the repository at a folder of this machine, or a copy of one elsewhere, brought up to date.

    Args:
        address: a folder in a clone or of a bare repository, or what git clones from; if the project is a folder in
            the git repository, it follows as #subdirectory=FOLDER. In a clone the folder itself names it too.
        copies: the folder that keeps bare copies of repositories elsewhere.

    Raises:
        ValueError: if there is no repository, or it cannot be reached, or there can be no such folder in it.
    """
    if Path(address).is_dir():
        return _local(address, "", address)
    written = address
    address, within = split_address(written)
    folder = address.removeprefix("file://")
    if Path(folder).is_dir():
        return _local(folder, within, written)
    if address.startswith("-"):
        raise ValueError(f"{address!r} is no address of a git repository")
    copy = copies / hashlib.sha256(address.encode()).hexdigest()[:16]
    if (copy / "HEAD").is_file():
        run_git("-C", str(copy), "fetch", "--quiet", "--prune", address, "+refs/*:refs/*")
    else:
        copies.mkdir(parents=True, exist_ok=True)
        partial = copy.with_name(f"{copy.name}.{os.getpid()}.partial")
        run_git("clone", "--quiet", "--mirror", "--", address, str(partial))
        # It holds the address, and with it a token that the address may hold.
        run_git("-C", str(partial), "config", "--remove-section", "remote.origin")
        partial.rename(copy)
    return Repository(copy, with_subfolder(public_address(address), within), None, within)


def _local(folder: str, within: str, address: str) -> Repository:
    try:
        is_bare = run_git("-C", folder, "rev-parse", "--is-bare-repository").strip() == b"true"
        top = "--absolute-git-dir" if is_bare else "--show-toplevel"
        root = Path(os.fsdecode(run_git("-C", folder, "rev-parse", top).rstrip(b"\n")))
    except ValueError as error:
        raise ValueError(f"{address}: not a git repository; name a clone or the address of one") from error
    if not is_bare and not within:
        within = _project_at(root, Path(folder).resolve())
    return Repository(root, address, root / within if within else root, within)


def _project_at(root: Path, folder: Path) -> str:
    """Return the folder of the DVC project that a folder of a clone lies in, from the clone's root.

    That of a clone without one, or that is its own project, is the root.
    """
    for place in (folder, *folder.parents):
        if (place / ".dvc").is_dir() and place.is_relative_to(root):
            return "" if place == root else place.relative_to(root).as_posix()
    return ""
