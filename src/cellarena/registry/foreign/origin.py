"""Whence an imported checkpoint is: what its card says of it, and its licence follows from."""

from pathlib import Path

from cellarena.images.io import file_sha256
from cellarena.registry.foreign.weights import ForeignWeights
from cellarena.registry.repository.git_process import run_git


def origin_of(path: Path, source: str, licence: str, foreign: ForeignWeights) -> dict[str, str]:
    """Return the `origin` of a card: whence weights that were read from a file are.

    Returns:
        Name and sha256 of the file; where it is from; the licence, an SPDX expression; who imported it, as git knows
        them; and how it was read, as `ForeignWeights` says.

    Raises:
        ValueError: if the licence is no SPDX expression, or the source says nothing.
    """
    if not source.strip():
        raise ValueError("--source is empty; say where the checkpoint is from, by its address or in words")
    return {
        "file": path.name, "sha256": file_sha256(path), "source": source.strip(), "licence": checked_licence(licence),
        "converted_by": git_user(), "torch": foreign.torch, "prefix": foreign.prefix, "key": foreign.key,
        "cast": foreign.cast,
    }  # fmt: skip


def checked_licence(licence: str) -> str:
    """Return an SPDX expression in its usual spelling; what is none is a ValueError."""
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
    name, address = (_configured(f"user.{key}") for key in ("name", "email"))
    return f"{name} <{address}>" if address else name


def _configured(key: str) -> str:
    try:
        return run_git("config", key).decode(errors="replace").strip()
    except ValueError:
        return ""
