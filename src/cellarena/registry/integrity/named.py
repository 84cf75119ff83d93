"""Everything that git has a name for: refs, stashes, what is being merged or rebased, in every worktree.

An experiment that is queued is a stash of DVC's own, and one that runs has a clone of its own below .dvc/tmp/exps.
"""

import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from cellarena.faults import IntegrityError
from cellarena.registry.repository.repository import Repository

_STATE = re.compile(r"(?!AUTO_MERGE)[A-Z][A-Z_]*")
"""HEAD, ORIG_HEAD, MERGE_HEAD, FETCH_HEAD, CHERRY_PICK_HEAD and the like.

AUTO_MERGE holds files with the marks of a conflict; the index has what both sides are.
"""
_IN_PROGRESS = ("rebase-merge", "rebase-apply", "sequencer")
_HASH = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{64}|[0-9a-f]{40})(?![0-9a-f])")


@dataclass(frozen=True)
class GitFolder:
    """A folder of git's own, as what git works in, and its working tree; None if that is not on a disk that is here."""

    git: Repository
    tree: Path | None


def git_folders(repository: Repository) -> list[GitFolder]:
    """Return the repository's own git folder, those of its worktrees, and those of experiments that run."""
    own, common = (_asked(repository, which) for which in ("--absolute-git-dir", "--git-common-dir"))
    worktrees = (entry for entry in sorted(common.glob("worktrees/*")) if entry.is_dir())
    found = {folder: _working_tree(folder) for folder in (common, *worktrees)}
    if repository.folder != own:
        found[own] = repository.folder
    for tree in {tree for tree in found.values() if tree}:
        found |= {clone / ".git": clone for clone in running_experiments(tree / repository.within)}
    return [GitFolder(Repository(folder, repository.address, None), tree) for folder, tree in found.items()]


def running_experiments(project: Path) -> list[Path]:
    """Return the clones in which experiments of a project run, of `dvc exp run --temp` or of its queue."""
    below = project / ".dvc" / "tmp" / "exps"
    return sorted(folder.parent for depth in ("*", "*/*") for folder in below.glob(f"{depth}/.git"))


def _asked(repository: Repository, which: str) -> Path:
    return (repository.folder / os.fsdecode(repository.git("rev-parse", which).rstrip(b"\n"))).resolve()


def _working_tree(folder: Path) -> Path | None:
    pointer = folder / "gitdir"
    if pointer.is_file():
        tree = (folder / os.fsdecode(pointer.read_bytes().rstrip(b"\n"))).parent
        return tree if tree.is_dir() else None
    return folder.parent if folder.name == ".git" else None


def named_trees(git: Repository, elsewhere: Iterable[tuple[str, str]]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the trees of all commits that one of git's folders has a name for, and single files that a ref names.

    Args:
        git: that works in this folder.
        elsewhere: commits to be read too, and what names each.

    Returns:
        What names it, by the hash of the tree; the same of the files.

    Raises:
        IntegrityError: if a ref is broken, or what it names is not there.
    """
    refs = [*((name, ref) for ref, name in git.refs().items()), *elsewhere]
    stashes = [(name, ref) for name, ref in refs if ref == "refs/stash" or ref.startswith("refs/exps/")]
    named = _with_other_parents(git, _passing(git) | _entries(git, stashes)) | dict(refs)
    trees = _looked_up(git, named, "^{tree}")
    others = [name for name, (tree, _) in trees.items() if not tree]
    files = {}
    for name, (blob, kind) in _looked_up(git, others, "^{}").items():
        if kind != "blob":
            raise IntegrityError(f"{git.address}: {named[name]} names {name}, which git lacks; see `git fsck`")
        files[blob] = named[name]
    return {tree: named[name] for name, (tree, _) in trees.items() if tree}, files


def texts_in_progress(git: Repository) -> Iterator[bytes]:
    """Yield the files of a rebase or of patches that are being applied: they may hold what no commit does yet."""
    for folder in _IN_PROGRESS:
        yield from (path.read_bytes() for path in sorted((git.folder / folder).rglob("*")) if path.is_file())


def _entries(git: Repository, stashes: list[tuple[str, str]]) -> dict[str, str]:
    """Return all entries of stashes: the ref itself names but the newest."""
    if not stashes:
        return {}
    given = "".join(f"{ref}\n" for _, ref in stashes).encode(errors="surrogateescape")
    older = git.git("rev-list", "--walk-reflogs", "--stdin", given=given).decode().split()
    return dict.fromkeys(older, "a stash or a queued experiment") | dict(stashes)


def _passing(git: Repository) -> dict[str, str]:
    """Return what HEAD and files of git's that come and go name, as far as it is there; HEAD must be."""
    files = [path for path in sorted(git.folder.iterdir()) if _STATE.fullmatch(path.name) and path.is_file()]
    found = {match.decode(): path.name for path in files for match in _HASH.findall(path.read_bytes())}
    found |= {match.decode(): "a rebase or pick" for text in texts_in_progress(git) for match in _HASH.findall(text)}
    there = _looked_up(git, found)
    if lost := [name for name, (_, kind) in there.items() if not kind and found[name] == "HEAD"]:
        raise IntegrityError(f"{git.address}: HEAD names {lost[0]}, which git lacks; see `git fsck`")
    return {name: found[name] for name, (_, kind) in there.items() if kind in {"commit", "tree", "tag"}}


def _with_other_parents(git: Repository, named: Mapping[str, str]) -> dict[str, str]:
    """Return these and the other parents of each: a stash's are what was staged and what git did not track."""
    found, others = dict(named), dict[str, str]()
    commits = git.blobs(name for name, (_, kind) in _looked_up(git, named).items() if kind == "commit")
    for name, content in commits.items():
        head = content.partition(b"\n\n")[0].decode(errors="replace").splitlines()
        parents = [line.removeprefix("parent ") for line in head if line.startswith("parent ")]
        others |= dict.fromkeys(parents[1:], found[name])
    # Those of a shallow clone's commits are not there.
    return {name: others[name] for name, (_, kind) in _looked_up(git, others).items() if kind} | found


def _looked_up(git: Repository, names: Collection[str], peeled: str = "") -> dict[str, tuple[str, str]]:
    """Return the hash and the kind of objects by their names, ("", "") for each that is not there.

    What they lead to is looked up where a name is followed by `^{tree}`, or `^{}`.
    """
    if not names:
        return {}
    given = "".join(f"{name}{peeled}\n" for name in names).encode()
    listed = git.git("cat-file", "--batch-check=%(objectname) %(objecttype)", given=given).decode()
    pairs = (line.rsplit(" ", 1) for line in listed.splitlines())
    found = [("", "") if kind in {"missing", "ambiguous"} else (name, kind) for name, kind in pairs]
    return dict(zip(names, found, strict=True))
