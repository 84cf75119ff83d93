"""Why something could not be fetched: DVC says how many files, not whether they are gone, rotten or out of reach."""

from collections.abc import Iterator
from typing import Any

from cellarena.faults import IntegrityError, PartialError, SecurityError
from cellarena.registry.integrity.promised_objects import parse_listing
from cellarena.registry.integrity.storage import Storage, is_right

_ADVICE = "see `dvc remote list`, and run `cellarena sync` where it was made"


def reason(project: Any, what: str, error: Exception) -> Exception:
    """Return what to tell the user after DVC failed to fetch the only output of a project.

    The objects are read from the remote once more, up to the first that is not right.

    Args:
        project: DVC's, of one output.
        what: was to be fetched, for the message.
        error: that DVC raised.
    """
    remote = Storage("the remote", project.cloud.get_remote_odb())
    try:
        for name in _names(project, remote):
            if not is_right(name, remote.digest(name)):
                return IntegrityError(f"{what}: the remote holds other bytes for {name}; run `cellarena heal`")
    except FileNotFoundError:
        return PartialError(f"{what}: the remote lacks it, or a part of it; {_ADVICE}")
    except (PartialError, IntegrityError, SecurityError) as fault:
        return type(fault)(f"{what}: {fault}")
    except ValueError as fault:
        return IntegrityError(f"{what}: {fault}")
    said = " ".join(str(error).split()) or type(error).__name__
    return PartialError(f"{what}: could not be fetched ({said}); {_ADVICE}")


def _names(project: Any, remote: Storage) -> Iterator[str]:
    """Yield the object of the output, then, if it is a folder, those of its files."""
    (out,) = project.index.outs
    top = out.hash_info.value
    yield top
    if out.hash_info.isdir:
        yield from sorted(set(parse_listing(remote.read(top), top).values()))
