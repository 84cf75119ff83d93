"""Addresses of projects: that of a git repository, and the folder in it if the project is one."""

from pathlib import PurePosixPath
from urllib.parse import urlsplit, urlunsplit

_SUBFOLDER = "#subdirectory="  # as pip writes it


def split_address(address: str) -> tuple[str, str]:
    """Return the address of a git repository, and the folder in it that is the project; empty for the root.

    Raises:
        ValueError: if there can be no such folder.
    """
    place, _, within = address.partition(_SUBFOLDER)
    parts = PurePosixPath(within).parts
    if PurePosixPath(within).is_absolute() or ".." in parts or "\\" in within:
        raise ValueError(f"{address}: {within!r} is no folder in a git repository; name it from the root")
    return place, "/".join(parts)


def with_subfolder(address: str, within: str) -> str:
    """Return the address of a project that is a folder of the git repository at an address; empty for the root."""
    return f"{address}{_SUBFOLDER}{within}" if within else address


def public_address(address: str) -> str:
    """Return the address of a git repository without passwords, queries, and user names that may be tokens."""
    if "://" not in address:
        return address
    parts = urlsplit(address)
    user = f"{parts.username}@" if parts.scheme.endswith("ssh") and parts.username else ""
    return urlunsplit((parts.scheme, user + parts.netloc.rpartition("@")[2], parts.path, "", ""))
