"""Whether a clone knows all releases that there are: one without history or tags would number them from the start."""

from cellarena.faults import PartialError
from cellarena.registry.repository.repository import Repository

ORIGIN = "origin"
_MARK = "@v"
"""Is in the tag of every release."""


def fetch_releases(repository: Repository) -> None:
    """Fetch the tags of all releases; a repository without `origin` is alone, and knows its own.

    Raises:
        ValueError: if origin does not answer or has another release of a name that is taken here, or if there is no
            origin to complete a clone that was cut off.
    """
    if has_origin(repository):
        _fetch(repository)
    elif is_shallow(repository):
        raise ValueError(f"{repository.address}: {_cut_off(repository)}")


def refuse_unknown_releases(repository: Repository) -> None:
    """Do nothing if all releases of origin are here; only names are asked for.

    Raises:
        PartialError: if not, if origin does not answer, or if a clone that was cut off has none.
    """
    if has_origin(repository):
        try:
            unknown = _unknown(repository)
        except ValueError as error:
            raise PartialError(f"{repository.address}: origin could not be asked for releases ({error})") from error
        if unknown:
            raise PartialError(
                f"{repository.address}: {len(unknown)} release(s) of origin are not here, among them {unknown[-1]}; "
                f"run `{_command(repository)}`"
            )
    elif is_shallow(repository):
        raise PartialError(f"{repository.address}: {_cut_off(repository)}")


def has_origin(repository: Repository) -> bool:
    """Return whether the repository knows another one called `origin`."""
    return ORIGIN in repository.git("remote").decode().split()


def _fetch(repository: Repository) -> None:
    try:
        # With --quiet git does not say which tags it refuses to replace.
        repository.git("fetch", "--tags", "origin")
    except ValueError as error:
        if _all_came(repository):
            return
        raise ValueError(
            f"{repository.address}: the releases of origin could not be fetched, so that nobody knows what others "
            f"released, promoted or withdrew ({error}); see `{_command(repository)}`"
        ) from error


def _all_came(repository: Repository) -> bool:
    """Return whether a fetch failed for other tags alone, such as a `nightly` that was moved at origin."""
    try:
        return not _unknown(repository)
    except ValueError:
        return False


def _unknown(repository: Repository) -> list[str]:
    """Return the releases of origin that are not here, or are others here, sorted."""
    listed = repository.git("ls-remote", "--tags", "--refs", "origin").decode().splitlines()
    theirs = {ref.removeprefix("refs/tags/"): name for name, _, ref in (line.partition("\t") for line in listed)}
    listed = (
        repository.git("for-each-ref", "--format=%(objectname) %(refname:strip=2)", "refs/tags").decode().split("\n")
    )
    ours = {tag: name for name, _, tag in (line.partition(" ") for line in listed)}
    return sorted(tag for tag, name in theirs.items() if _MARK in tag and ours.get(tag) != name)


def _cut_off(repository: Repository) -> str:
    return (
        "the clone is shallow and has no `origin` to ask for earlier releases; run `git remote add origin ADDRESS && "
        f"{_command(repository)}`"
    )


def _command(repository: Repository) -> str:
    """Return what completes a clone."""
    return f"git fetch{' --unshallow' * is_shallow(repository)} --tags origin"


def is_shallow(repository: Repository) -> bool:
    """Return whether a clone was cut off from its earlier commits."""
    return repository.git("rev-parse", "--is-shallow-repository").strip() == b"true"
