"""Whether a clone knows all releases that there are: one without history or tags would number them from the start."""

from cellarena.faults import PartialError
from cellarena.registry.repository.repository import Repository

ORIGIN = "origin"


def fetch_releases(repository: Repository) -> None:
    """Fetch the tags of all releases; a repository without `origin` is alone, and knows its own.

    Raises:
        ValueError: if origin does not answer or has another release of a name that is taken here, or if there is no
            origin to complete a clone that was cut off.
    """
    if not has_origin(repository):
        if is_shallow(repository):
            raise ValueError(_cut_off(repository))
        return
    try:
        # With --quiet git does not say which tags it refuses to replace.
        repository.git("fetch", "--tags", ORIGIN)
    except ValueError as error:
        if not _all_came(repository):
            raise ValueError(
                f"{repository.address}: the releases of origin could not be fetched, so that nobody knows what others "
                f"released, promoted or withdrew ({error}); see `{_command(repository)}`"
            ) from error


def refuse_unknown_releases(repository: Repository) -> None:
    """Raise a PartialError unless all releases of origin are here, of which only the names are asked for.

    So too if origin does not answer, or a clone that was cut off has none.
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
        raise PartialError(_cut_off(repository))


def has_origin(repository: Repository) -> bool:
    """Return whether the repository knows another one called `origin`."""
    return ORIGIN in repository.git("remote").decode().split()


def _all_came(repository: Repository) -> bool:
    """Return whether a fetch failed for other tags alone, such as a `nightly` that was moved at origin."""
    try:
        return not _unknown(repository)
    except ValueError:
        return False


def _unknown(repository: Repository) -> list[str]:
    """Return the releases of origin that are not here, or are others here, sorted."""
    listed = repository.git("ls-remote", "--tags", "--refs", ORIGIN).decode(errors="surrogateescape").split("\n")[:-1]
    theirs, ours = (line.partition("\t") for line in listed), repository.refs("refs/tags")
    # Every release has this mark in its tag.
    unknown = (ref for name, _, ref in theirs if "@v" in ref and ours.get(ref) != name)
    return sorted(ref.removeprefix("refs/tags/") for ref in unknown)


def _cut_off(repository: Repository) -> str:
    return (
        f"{repository.address}: the clone is shallow and has no `origin` to ask for earlier releases; run `git remote "
        f"add origin ADDRESS && {_command(repository)}`"
    )


def _command(repository: Repository) -> str:
    """Return what completes a clone."""
    return f"git fetch{' --unshallow' * is_shallow(repository)} --tags origin"


def is_shallow(repository: Repository) -> bool:
    """Return whether a clone was cut off from its earlier commits."""
    return repository.git("rev-parse", "--is-shallow-repository").strip() == b"true"
