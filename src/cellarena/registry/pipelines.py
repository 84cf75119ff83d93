"""A commit's pipeline: which stages it declares, what they promise, and which were not made of that commit."""

import hashlib
import io
import json
import tarfile
from collections.abc import Iterator, Mapping, Sequence

from cellarena.registry.dvc_files import is_pipeline
from cellarena.registry.locked import LockedStage, locked_stages
from cellarena.registry.outputs import Output, outputs_at, own_contents
from cellarena.registry.parameters import flat
from cellarena.registry.repository import Repository

_PIPELINE, _YAML = "dvc.yaml", (".yaml", ".yml")
_NOT_MADE = "never made"


def declared_stages(repository: Repository, commit: str) -> set[str]:
    """Return the names of all stages that the dvc.yaml files of a commit's project declare, a matrix written out.

    Raises:
        ValueError: if one cannot be read, or names a parameter that there is not.
    """
    from dvc.dvcfile import load_file
    from dvc.exceptions import DvcException
    from dvc.fs import GitFileSystem
    from dvc.repo import Repo
    from dvc.scm import SCM

    found, path, pipelines = set[str](), _PIPELINE, own_contents(repository, commit, is_pipeline)
    if not pipelines:
        return found
    try:
        git = SCM(str(repository.folder))
        with Repo(f"/{repository.within}", fs=GitFileSystem(scm=git, rev=commit), scm=git) as project:
            for path in pipelines:
                prefix = f"{path}:" if "/" in path else ""
                found |= {prefix + name for name in load_file(project, f"/{repository.inside(path)}").stages}
    except DvcException as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{repository.address}: {path} at {commit[:7]} cannot be read ({said})") from error
    return found


def outputs_of(repository: Repository, commit: str, declared: set[str]) -> list[Output]:
    """Return the outputs of the declared stages and of .dvc files: dvc.lock keeps those of stages that are no more.

    Raises:
        ValueError, SecurityError: as `outputs_at`.
    """
    return [o for o in outputs_at(repository, commit) if o.stage in declared or o.stage.endswith(".dvc")]


def outdated_stages(repository: Repository, commit: str, declared: set[str]) -> dict[str, list[str]]:
    """Return the stages whose results were not made of what the commit holds, and what differs, sorted.

    A parameter, a dependency that git holds, and one that another stage makes are compared with what dvc.lock says
    that the results were made of. The dependency of a stage that is itself out of date is not followed.

    Raises:
        ValueError: if dvc.lock or params.yaml cannot be read.
    """
    locked = locked_stages(repository, commit)
    # dvc.lock keeps the entries of stages that are no more, which may have made what others make now.
    made = _made({name: stage for name, stage in locked.items() if name in declared})
    paths = {dep.path for stage in locked.values() for dep in stage.deps} - made.keys()
    known = tracked_hashes(repository, commit, paths) | made
    read = {path for stage in locked.values() for path in stage.params if path.endswith(_YAML)}
    values = {path: flat(repository.mapping(commit, path)) for path in read}
    found = {}
    for name in sorted(declared):
        stage = locked.get(name)
        differing = [_NOT_MADE] if stage is None else [*_parameters(stage, values), *_paths(stage, known)]
        if differing:
            found[name] = sorted(differing)
    return found


def _parameters(stage: LockedStage, values: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for path in stage.params.keys() & values.keys():
        yield from (name for name, value in flat(stage.params[path]).items() if values[path].get(name) != value)


def _paths(stage: LockedStage, known: Mapping[str, str]) -> Iterator[str]:
    for dependency in stage.deps:
        if dependency.md5 and known.get(dependency.path, dependency.md5) != dependency.md5:
            yield dependency.path


def _made(locked: Mapping[str, LockedStage]) -> dict[str, str]:
    """Return the hash of everything that stages make."""
    return {out.path: out.md5 for stage in locked.values() for out in stage.outs if out.md5}


def tracked_hashes(repository: Repository, commit: str, paths: set[str]) -> dict[str, str]:
    """Return DVC's hash of every path that git holds, a file or a folder."""
    files = repository.files(commit)
    wanted = [name for name in files if any(name == path or name.startswith(f"{path}/") for path in paths)]
    hashes = _hashes(repository, commit, wanted)
    return {path: md5 for path in paths if (md5 := hashes.get(path) or md5_of_folder(path, hashes))}


def md5_of_folder(path: str, hashes: Mapping[str, str]) -> str:
    """Return DVC's hash of a folder from those of files by their paths, "" if none of them is in it."""
    inside = sorted((name[len(path) + 1 :], md5) for name, md5 in hashes.items() if name.startswith(f"{path}/"))
    if not inside:
        return ""
    listed = json.dumps([{"md5": md5, "relpath": name} for name, md5 in inside], sort_keys=True)
    return f"{hashlib.md5(listed.encode(), usedforsecurity=False).hexdigest()}.dir"


def _hashes(repository: Repository, commit: str, names: Sequence[str]) -> dict[str, str]:
    """Return the md5 of files in git."""
    if not names:
        return {}
    paths = (f":(literal){name}" for name in names)
    archive = repository.git("archive", "--format=tar", repository.tree(commit), "--", *paths)
    found = {}
    with tarfile.open(fileobj=io.BytesIO(archive)) as members:
        for member in members:
            if content := members.extractfile(member):
                found[member.name] = hashlib.md5(content.read(), usedforsecurity=False).hexdigest()
    return found
