"""Whence an imported checkpoint is: what its card says of it, and its licence follows from."""

import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path

from cellarena.registry.foreign.weights import ForeignWeights
from cellarena.registry.packages.package import sha256_of


@dataclass(frozen=True)
class Origin:
    """The `origin` of a card.

    Attributes:
        file: name of the file that was imported.
        sha256: of that file.
        source: where it is from: an address, or in words.
        licence: of its weights, an SPDX expression.
        converted_by: who imported it, as git knows them.
        torch: the version that opened the pickle; "" for a file that was none.
        prefix: what was taken off the names of its weights.
        key: the dotted keys that led to them in the file; "" for the whole of it.
        cast: which of them were of another type than the network's; "" if none.
    """

    file: str
    sha256: str
    source: str
    licence: str
    converted_by: str
    torch: str
    prefix: str
    key: str
    cast: str

    def as_card(self) -> dict[str, str]:
        """Return it as JSON types."""
        return asdict(self)


def origin_of(path: Path, source: str, licence: str, foreign: ForeignWeights) -> Origin:
    """Return the origin of weights that were read from a file.

    Raises:
        ValueError: if the licence is no SPDX expression, or the source says nothing.
    """
    if not source.strip():
        raise ValueError("--source is empty; say where the checkpoint is from, by its address or in words")
    read = {"torch": foreign.torch, "prefix": foreign.prefix, "key": foreign.key, "cast": foreign.cast}
    return Origin(path.name, sha256_of(path), source.strip(), checked_licence(licence), git_user(), **read)


def checked_licence(licence: str) -> str:
    """Return an SPDX expression in its usual spelling.

    Raises:
        ValueError: if it is none.
    """
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    try:
        return str(canonicalize_license_expression(licence))
    except InvalidLicenseExpression as error:
        raise ValueError(
            f"--licence {licence!r} is no SPDX expression ({error}); write MIT, CC-BY-NC-4.0 or, for what SPDX does "
            "not list, LicenseRef-NAME; see https://spdx.org/licenses"
        ) from error


def git_user() -> str:
    """Return name and address of git's user in the current folder, "" if git knows none."""
    found = (
        subprocess.run(["git", "config", f"user.{key}"], capture_output=True, text=True, check=False).stdout.strip()
        for key in ("name", "email")
    )
    name, address = found
    return f"{name} <{address}>" if address else name
