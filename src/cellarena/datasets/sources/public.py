"""Public data sets by name: where they lie, what they must hash to, and under which licence."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pooch
from rich.console import Console

from cellarena.datasets.downloading.archives import unpack
from cellarena.datasets.downloading.downloads import MIRROR, fetch, from_mirror, locked
from cellarena.datasets.reading.inventory import show
from cellarena.datasets.reading.surveys import samples, survey
from cellarena.datasets.sources.spec import SOURCES, Acquisition, Sample, Source
from cellarena.faults import IntegrityError


@dataclass(frozen=True)
class Archive:
    """One zip archive of a data set."""

    name: str
    url: str
    sha256: str  # if empty, the user gives it in the environment variable that `sha256_variable` names
    layout: str  # that it unpacks to
    prefix: str = ""  # of its record ids, where archives of one data set repeat names
    subset: str = ""  # "test" where the data set says so
    sha256_variable: str = ""


@dataclass(frozen=True)
class PublicSet:
    """A data set that anyone can fetch."""

    licence: str
    citation: str
    archives: tuple[Archive, ...]
    warning: str = ""


_ZENODO = "https://zenodo.org/records/10719375/files"

PUBLIC_SETS = {
    "neurips22": PublicSet(
        licence="CC-BY-NC-ND-4.0",
        citation="Ma et al., The multimodality cell segmentation challenge, Nature Methods 2024; "
        "doi 10.5281/zenodo.10719375",
        warning="non-commercial use only, and no changed copy may be passed on: keep its DVC remote private",
        archives=(
            Archive(
                "Training-labeled.zip", f"{_ZENODO}/Training-labeled.zip?download=1",
                "b2383929eb8e99b2716fa0d4e2f6e03983e626a57cf00fe85175869c54aa3592",
                "parallel folders", prefix="train_",
            ),
            Archive(
                "Tuning.zip", f"{_ZENODO}/Tuning.zip?download=1",
                "849423d36bb8fcc2d91a5b189a3b6d93c3d4071c9701eaaa44ba393a510459c4",
                "parallel folders", prefix="tuning_", subset="test",
            ),
        ),
    ),
    "bbbc038": PublicSet(
        licence="CC0-1.0",
        citation="Caicedo et al., Nucleus segmentation across imaging experiments: the 2018 Data Science Bowl, "
        "Nature Methods 2019; image set BBBC038v1, Broad Bioimage Benchmark Collection",
        archives=(
            Archive(
                "stage1_train.zip", "https://data.broadinstitute.org/bbbc/BBBC038/stage1_train.zip", "",
                "DSB tree", sha256_variable="CELLARENA_BBBC038_SHA256",
            ),
        ),
    ),
}  # fmt: skip


def public_samples(
    name: str, dataset: PublicSet, acquisition: Acquisition, cache: Path | None = None
) -> Iterator[Sample]:
    """Yield the samples of a public data set, after all its archives were fetched, unpacked and checked.

    The licence and a table per archive are printed to stderr. The environment variable CELLARENA_MIRROR names a folder
    that is read instead of the network; the hashes are checked all the same, before anything is unpacked.

    Args:
        name: the data set's name, also of its folder in the cache.
        dataset: what to fetch.
        acquisition: what is wanted of the files.
        cache: the folder for archives and what they unpack to; None for the user's cache folder of cellarena.

    Raises:
        FileNotFoundError: if the server or the mirror lacks an archive.
        ValueError: if a hash is to be given and is not, or the contents fail a check.
        PartialError: if a download breaks off at every try.
        IntegrityError: if a hash is another than declared, or an archive holds another layout.
        SecurityError: if an archive would write outside its folder or holds far more than it should.
    """
    console = Console(stderr=True)
    notice = f"{name}: licence {dataset.licence}" + (f" - {dataset.warning}" if dataset.warning else "")
    console.print(notice, style="bold", markup=False, soft_wrap=True)
    archives = [replace(archive, sha256=declared_sha256(archive)) for archive in dataset.archives]
    folder = (cache or Path(pooch.os_cache("cellarena"))) / name
    with locked(folder):
        roots = [_unpacked(archive, folder) for archive in archives]
    seen = [survey(root, acquisition) for root in roots]
    for archive, found in zip(archives, seen, strict=True):
        if found.findings.layout != archive.layout:
            raise IntegrityError(f"{archive.name}: holds {found.findings.layout}, declared is {archive.layout}")
        show(found, console)
    for archive, found in zip(archives, seen, strict=True):
        for sample in samples(found, acquisition):
            yield replace(sample, id=archive.prefix + sample.id, subset=archive.subset)


def declared_sha256(archive: Archive) -> str:
    """Return the hash that an archive must have, as declared here or given by the user.

    Raises:
        ValueError: if there is none, or what is given is no sha256.
    """
    sha256 = (archive.sha256 or os.environ.get(archive.sha256_variable, "")).strip().lower()
    if not sha256:
        raise ValueError(
            f"{archive.name}: its publisher gives no sha256, and nothing is unpacked unchecked; fetch {archive.url} "
            f"from a place you trust, run `sha256sum {archive.name}` and set {archive.sha256_variable} to the result"
        )
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise ValueError(f"{archive.sha256_variable}: {sha256!r} is no sha256; give 64 hexadecimal digits")
    return sha256


def _unpacked(archive: Archive, folder: Path) -> Path:
    """Return the folder that an archive of this hash unpacks to; what was unpacked before is not fetched again."""
    target = folder / f"{Path(archive.name).stem}-{archive.sha256[:16]}"
    if target.is_dir():
        return target
    if mirror := os.environ.get(MIRROR):
        return unpack(from_mirror(Path(mirror), archive.name, archive.sha256), target)
    return unpack(fetch(archive.url, archive.name, archive.sha256, folder), target)


for _name, _dataset in PUBLIC_SETS.items():
    SOURCES.register(_name)(
        Source(partial(public_samples, _name, _dataset), citation=_dataset.citation, licence=_dataset.licence)
    )
