"""Fetching an archive: from a mirror folder or over HTTP with retries and resume; its hash is checked, always."""

import fcntl
import http.client
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pooch
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from cellarena.faults import IntegrityError, PartialError

PAUSES = (1.0, 2.0, 4.0, 8.0)
TIMEOUT = 60
BLOCK = 1 << 20
MIRROR = "CELLARENA_MIRROR"
_NETWORK_FAULTS = (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError, ssl.SSLError)


def fetch(url: str, name: str, sha256: str, cache: Path, pauses: tuple[float, ...] = PAUSES) -> Path:
    """Return a file whose hash is right, downloaded unless the cache has it.

    What arrived of a download that was cut stays beside it as NAME.part, and the next call asks for the rest.

    Args:
        url: an http or https address.
        name: the file's name in the cache.
        sha256: of the file, 64 hexadecimal digits.
        cache: a folder; it is made.
        pauses: seconds between the tries, one try more than there are pauses.

    Raises:
        FileNotFoundError: if the server has no such file or refuses it.
        IntegrityError: if the hash of what arrived is another; it is removed.
        PartialError: if the server cannot be reached or breaks off at every try.
    """
    part = cache / f"{name}.part"

    def download(url: str, output_file: str, _: object) -> None:
        _download(url, part, pauses)
        part.replace(output_file)

    try:
        return Path(pooch.retrieve(url, f"sha256:{sha256.lower()}", name, cache, downloader=download))
    except ValueError as error:
        raise IntegrityError(f"{url}: {error}") from error


def from_mirror(mirror: Path, name: str, sha256: str) -> Path:
    """Return a file of the folder that holds copies of the archives.

    Raises:
        FileNotFoundError: if it is not there.
        IntegrityError: if its hash is not `sha256`.
    """
    path = mirror / name
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; {MIRROR} names the folder that holds {name}")
    found = pooch.file_hash(str(path), alg="sha256")
    if found != sha256.lower():
        raise IntegrityError(f"{path}: sha256 is {found}, expected {sha256.lower()}; copy the archive again")
    return path


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder alone among the processes of this machine; another one waits."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            Console(stderr=True).print(f"{folder}: waiting for another process to finish there", markup=False)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _download(url: str, part: Path, pauses: tuple[float, ...]) -> None:
    """Complete `part`, asking again with growing pauses wherever the connection breaks."""
    for pause in (*pauses, None):
        try:
            return _receive(url, part)
        except urllib.error.HTTPError as error:
            if error.code == 416:
                part.unlink(missing_ok=True)
            elif error.code < 500 and error.code not in {408, 429}:
                raise FileNotFoundError(f"{url}: the server answers {error.code} {error.reason}") from error
            reason = f"{error.code} {error.reason}"
        except _NETWORK_FAULTS as error:
            reason = " ".join(str(error).split()) or type(error).__name__
        if pause is not None:
            time.sleep(pause)
    raise PartialError(
        f"{url}: {len(pauses) + 1} tries failed ({reason}); {_size(part):,} bytes are kept, run it again to fetch the "
        f"rest, or put a copy of the file into a folder and set {MIRROR} to it"
    )


def _receive(url: str, part: Path) -> None:
    """Append what is missing of `part`, or start it anew where the server does not resume."""
    start = _size(part)
    request = urllib.request.Request(url, headers={"Range": f"bytes={start}-"} if start else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
        resumed = answer.status == 206 and answer.headers.get("Content-Range", "").startswith(f"bytes {start}-")
        start = start if resumed else 0
        announced = answer.headers.get("Content-Length")
        total = None if announced is None else start + int(announced)
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        shown = Progress(*columns, console=Console(stderr=True))
        with part.open("ab" if resumed else "wb") as file, shown as progress:
            task = progress.add_task(part.name, total=total, completed=start)
            while block := answer.read(BLOCK):
                file.write(block)
                progress.advance(task, len(block))
    if total is not None and _size(part) < total:
        raise ConnectionError(f"cut after {_size(part):,} of {total:,} bytes")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
