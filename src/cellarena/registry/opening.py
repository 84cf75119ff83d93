"""A release as something that segments images: fetched, checked against its hashes, loaded without pickle."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellarena.datasets.preparation import Preparation
from cellarena.registry.addresses import public_address, with_subfolder
from cellarena.registry.artifacts import artifact_at
from cellarena.registry.fetching import fetch
from cellarena.registry.names import parse_reference
from cellarena.registry.opened import OpenRelease
from cellarena.registry.origins import FromRelease
from cellarena.registry.outputs import Output, outputs_at
from cellarena.registry.packages import Package, read_package, refuse_changed
from cellarena.registry.places import copies, objects, scratch
from cellarena.registry.releases import Released, refuse_withdrawn, resolve
from cellarena.registry.repository import Repository, open_repository

if TYPE_CHECKING:
    from cellarena.learning.recipe import Inference


def open_release(reference: str, repo: str = ".") -> OpenRelease:
    """Return a release of a model, ready to segment images.

    What is fetched stays in a cache of DVC objects, so that it is fetched once.

    Args:
        reference: such as maunet#prod, maunet@v1.2.0, or maunet for the newest version.
        repo: a folder in a clone, or the address of any git repository.

    Raises:
        ValueError: if there is no such release, it was withdrawn, or it is no model.
        PartialError: if it cannot be fetched.
        IntegrityError: if bytes are not those that were released.
        SecurityError: if a path of the repository leads out of it.
    """
    repository = open_repository(repo, copies())
    release = resolve(repository, parse_reference(reference))
    refuse_withdrawn(repository, release)
    with fetched_package(repository, release) as (folder, output):
        package = read_package(folder)
        refuse_changed(package, folder)
        return _loaded(repository, release, output, package, folder)


@contextmanager
def fetched_package(repository: Repository, release: Released) -> Iterator[tuple[Path, Output]]:
    """Yield the folder of a release's package while the block lasts, and the output that it is.

    Raises:
        ValueError: if the artifact is no model, or dvc.lock of the commit has no such output.
        PartialError: if it cannot be fetched.
        IntegrityError: if what came is not what the hash promises.
    """
    output = package_output(repository, release)
    with tempfile.TemporaryDirectory(dir=scratch()) as place:
        folder = Path(place) / "package"
        fetch(repository, release.commit, output, folder, objects(repository))
        yield folder, output


def package_output(repository: Repository, release: Released) -> Output:
    """Return the output that is released.

    Raises:
        ValueError: if the artifact is no model, or dvc.lock of the commit has no such output.
    """
    artifact = artifact_at(repository, release.commit, release.name)
    if artifact.type != "model":
        raise ValueError(f"{release.name}@{release.version}: is a {artifact.type or 'thing of no type'}, not a model")
    return output_of(repository, release.commit, artifact.path)


def output_of(repository: Repository, commit: str, path: str) -> Output:
    """Return the output at a path, which dvc.lock of a commit or a .dvc file names.

    Raises:
        ValueError: if there is none.
    """
    found = [output for output in outputs_at(repository, commit) if output.path == path]
    if not found:
        raise ValueError(f"{repository.address}: dvc.lock at {commit[:7]} has no {path}; `dvc repro` and commit it")
    return found[0]


def address_of(repository: Repository) -> str:
    """Return where a repository can be cloned from, without credentials; "" for a clone that came from nowhere."""
    if not repository.home:
        return repository.address
    try:
        origin = public_address(repository.git("config", "--get", "remote.origin.url").decode().strip())
    except ValueError:
        return ""
    return with_subfolder(origin, repository.within)


def _loaded(repository: Repository, release: Released, output: Output, package: Package, folder: Path) -> OpenRelease:
    from cellarena.learning.ensemble_checkpoints import load_checkpoint
    from cellarena.learning.recipe import device_of

    checkpoint = folder / package.checkpoint
    loaded = load_checkpoint(checkpoint, device_of("auto"))
    where = f"{release.name}@{release.version}"
    preparation = _preparation(f"{where}: the checkpoint's normalisation", loaded.normalisations)
    identity = FromRelease(
        name=release.name, version=release.version, commit=release.commit, md5=output.md5,
        address=address_of(repository),
    )  # fmt: skip
    return OpenRelease(identity, package, preparation, loaded.segmenter(_settings(repository, release.commit)))


def _preparation(what: str, contents: Sequence[Any]) -> Preparation:
    try:
        found = [Preparation.model_validate(content) for content in contents]
    except ValueError as error:
        raise ValueError(f"{what} cannot be read ({' '.join(str(error).split())})") from error
    if any(other != found[0] for other in found):
        raise ValueError(f"{what} differs between the members of the ensemble; release one whose members agree")
    return found[0]


def _settings(repository: Repository, commit: str) -> "Inference":
    """Return the settings that the commit's own predictions, and with them its scores, were made under."""
    from cellarena.learning.recipe import Inference

    section: Mapping[str, Any] = repository.mapping(commit, "params.yaml").get("predict") or {}
    try:
        return Inference.model_validate(section)
    except ValueError as error:
        said = " ".join(str(error).split())
        raise ValueError(f"{repository.address}: params.yaml at {commit[:7]}: predict: {said}") from error
