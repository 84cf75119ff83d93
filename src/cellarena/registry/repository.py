"""A git repository read by its commits, never by a checkout: what it tracks cannot write anywhere."""

import hashlib
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import yaml

from cellarena.faults import SecurityError
from cellarena.registry.plain_yaml import read_yaml

_SYMLINK = b"120000 "
# No `ext::`, which runs a program of the address's choice.
_PROTOCOLS = "file:git:http:https:ssh"


@dataclass(frozen=True)
class Repository:
    """The history of a project.

    Attributes:
        folder: of a clone's working tree, or of a bare copy; what git works in.
        address: as the user wrote it but for passwords and tokens, for messages.
        home: the folder that addresses of remotes are relative to, None where the repository is not on this machine.
    """

    folder: Path
    address: str
    home: Path | None

    def git(self, *arguments: str) -> bytes:
        """Return what a git command prints.

        Raises:
            ValueError: if it fails; its own words are in it.
        """
        return _git("-C", str(self.folder), *arguments)

    def commit(self, revision: str) -> str:
        """Return the full hash of the commit that a branch, tag or hash names.

        Raises:
            ValueError: if there is none.
        """
        try:
            found = self.git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        except ValueError as error:
            raise ValueError(
                f"{self.address}: no commit is called {revision!r}; `git fetch --tags` may help"
            ) from error
        return found.decode().strip()

    def read(self, commit: str, path: str) -> bytes | None:
        """Return a file's content at a commit, None if there is no such file."""
        try:
            return self.git("cat-file", "blob", f"{commit}:{path}")
        except ValueError:
            return None

    def mapping(self, commit: str, path: str) -> dict[str, Any]:
        """Return the content of a YAML file at a commit, {} if there is no such file or nothing in it.

        Raises:
            ValueError: if it cannot be read, or is no mapping.
        """
        try:
            found = read_yaml(self.read(commit, path) or b"")
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            said = " ".join(str(error).split())
            raise ValueError(f"{self.address}: {path} at {commit[:7]} cannot be read ({said})") from error
        if not isinstance(found or {}, dict):
            raise ValueError(f"{self.address}: {path} at {commit[:7]} holds no mapping")
        return found or {}

    def files(self, commit: str) -> list[str]:
        """Return the paths of all files at a commit."""
        listed = self.git("ls-tree", "-r", "-z", "--name-only", commit)
        return [name.decode(errors="surrogateescape") for name in listed.split(b"\0") if name]

    def tags(self) -> list[str]:
        """Return the names of all tags, sorted."""
        return sorted(self.git("for-each-ref", "--format=%(refname:strip=2)", "refs/tags").decode().split())

    def refuse_escape(self, commit: str, path: str) -> None:
        """Do nothing if a path lies inside the working tree that the commit would check out.

        Raises:
            SecurityError: if it is absolute, leads up, or passes a symbolic link that the commit tracks.
        """
        pure = PurePosixPath(path)
        if pure.is_absolute() or ".." in pure.parts or "\\" in path:
            raise SecurityError(f"{self.address}: the path {path!r} leads out of the repository; it is not read")
        for folder in reversed([pure, *pure.parents][:-1]):
            if str(folder) in _links(self.folder, commit):
                raise SecurityError(
                    f"{self.address}: {folder} is a symbolic link at {commit[:7]}, so that {path} may lie outside the "
                    "repository; it is not read"
                )


def open_repository(address: str, copies: Path) -> Repository:
    """Return the repository at a folder of this machine, or a copy of one elsewhere, brought up to date.

    Args:
        address: a folder in a clone or of a bare repository, or what git clones from.
        copies: the folder that keeps bare copies of repositories elsewhere.

    Raises:
        ValueError: if there is no repository, or it cannot be reached.
    """
    folder = address.removeprefix("file://")
    if Path(folder).is_dir():
        return _local(folder)
    if address.startswith("-"):
        raise ValueError(f"{address!r} is no address of a git repository")
    copy = copies / hashlib.sha256(address.encode()).hexdigest()[:16]
    refs = "+refs/*:refs/*"
    if not (copy / "HEAD").is_file():
        copies.mkdir(parents=True, exist_ok=True)
        partial = copy.with_name(f"{copy.name}.{os.getpid()}.partial")
        _git("clone", "--quiet", "--mirror", "--", address, str(partial))
        # It holds the address, and with it a token that the address may hold.
        _git("-C", str(partial), "config", "--remove-section", "remote.origin")
        partial.rename(copy)
    else:
        _git("-C", str(copy), "fetch", "--quiet", "--prune", address, refs)
    return Repository(copy, public_address(address), None)


def public_address(address: str) -> str:
    """Return the address of a git repository without passwords, queries, and user names that may be tokens."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    user = f"{parts.username}@" if parts.scheme.endswith("ssh") and parts.username else ""
    return urlunsplit((parts.scheme, user + parts.netloc.rpartition("@")[2], parts.path, "", ""))


@lru_cache(maxsize=16)
def _links(folder: Path, commit: str) -> frozenset[str]:
    """Return the paths of the symbolic links of a commit, which is named by its full hash and so never changes."""
    listed = _git("-C", str(folder), "ls-tree", "-r", "-z", commit).split(b"\0")
    return frozenset(os.fsdecode(entry.partition(b"\t")[2]) for entry in listed if entry.startswith(_SYMLINK))


def _local(address: str) -> Repository:
    try:
        is_bare = _git("-C", address, "rev-parse", "--is-bare-repository").strip() == b"true"
        top = "--absolute-git-dir" if is_bare else "--show-toplevel"
        folder = Path(os.fsdecode(_git("-C", address, "rev-parse", top).rstrip(b"\n")))
    except ValueError as error:
        raise ValueError(f"{address}: not a git repository; name a clone or the address of one") from error
    return Repository(folder, address, folder)


def _git(*arguments: str) -> bytes:
    environment = os.environ | {"GIT_ALLOW_PROTOCOL": _PROTOCOLS, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    done = subprocess.run(["git", *arguments], capture_output=True, env=environment, check=False)
    if done.returncode:
        said = " ".join(_lines(done.stderr or done.stdout)) or f"exit code {done.returncode}"
        for address in arguments:
            said = said.replace(address, public_address(address))
        verb = arguments[2] if arguments[0] == "-C" else arguments[0]
        raise ValueError(f"git {verb}: {said}")
    return done.stdout


def _lines(printed: bytes) -> Iterator[str]:
    for line in printed.decode(errors="replace").splitlines():
        if line.strip():
            yield line.strip()
