"""The cache and a remote made equal: what one lacks or has wrong is copied from the other, whose bytes are right."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from cellarena.datasets.names import listed
from cellarena.faults import IntegrityError, PartialError
from cellarena.registry.integrity.checking import Finding
from cellarena.registry.integrity.healing import Plan, heal, plan
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.integrity.storage import Storage
from cellarena.registry.integrity.survey import Survey, survey
from cellarena.registry.repository.repository import Repository
from cellarena.reporting.tables import plain
from cellarena.shell.running import progress
from cellarena.upkeep.promised import promised


def planned(
    repository: Repository, named_commits: Sequence[NamedCommit], cache: Storage, remote: Storage
) -> tuple[Survey, Plan]:
    """Return what the cache and a remote have of what commits promise, and how each is repaired from the other."""
    found = survey(promised(repository, named_commits), [cache, remote], progress)
    return found, plan(found, cache, remote)


def only_pushes(todo: Plan, remote: Storage) -> Plan:
    """Return the part of a plan that writes to the remote what it lacks."""
    return replace(todo, repairs=[r for r in todo.repairs if r.into == remote.name and r.state == "missing"])


def copied(todo: Plan, found: Survey, cache: Storage, remote: Storage) -> dict[str, Finding]:
    """Do what a plan says and return what became of each object, by its name."""
    copies = heal(todo, found, cache, remote)
    return {finding.name: finding for finding in progress(copies, "Copying", len(todo.repairs))}


def repair_lines(found: Survey, todo: Plan) -> Iterator[str]:
    """Yield what is to be repaired, a line each."""
    paths = _paths(found, [repair.name for repair in todo.repairs])
    for repair in todo.repairs:
        yield f"{repair.state} in {repair.into}: {paths[repair.name]} ({repair.name})"


def refuse_unhealed(found: Survey, todo: Plan, done: Mapping[str, Finding], remote: Storage) -> None:
    """Do nothing if all that was to be repaired was, and nothing else was wrong.

    Raises:
        PartialError: if a copy failed, or something could not be read.
        IntegrityError: if neither side has something right.
    """
    if failed := [name for name, finding in done.items() if finding.state != "right"]:
        paths = _paths(found, failed)
        names = listed(f"{paths[name]} ({plain(done[name].why)})" for name in failed)
        raise PartialError(f"not repaired: {names}; run it again")
    if todo.lost or found.unlisted:
        lost = listed(_paths(found, todo.lost).values() or [output.path for output in found.unlisted])
        raise IntegrityError(
            f"neither the cache nor {remote.name} has these right: {lost}; `cellarena verify --remote` says what "
            "depends on them, another remote or `dvc repro` may bring them back"
        )
    if todo.unknown:
        why = next(finding.why for _, finding in found.faults() if finding.state == "unread")
        raise PartialError(f"{len(todo.unknown)} objects could not be read everywhere ({plain(why)}); run it again")


def absence_lines(found: Survey, there: Mapping[str, Finding], cache: Storage, remote: Storage) -> Iterator[str]:
    """Yield what is not right on a remote, and what the cache has in its place, a line each.

    Args:
        found: what was there before.
        there: what the remote has under the name of every object now.
        cache: of the project.
        remote: that was pushed to.
    """
    for name, path in _paths(found, _wrong(there)).items():
        here = found.found[cache.name][name].state
        yield f"{there[name].state} in {remote.name}, {here} in the cache: {path} ({name})"


def refuse_absent(found: Survey, there: Mapping[str, Finding], remote: Storage) -> None:
    """Do nothing if all objects are on the remote and right.

    Raises:
        PartialError: if one is not, or a folder's files are not known.
    """
    if (wrong := _wrong(there)) or found.unlisted:
        right = f"{len(there) - len(wrong)} of {len(there)} objects are there and right"
        names = listed(_paths(found, wrong).values() or [f"the files of {output.path}" for output in found.unlisted])
        unread = [there[name] for name in wrong if there[name].state == "unread"]
        advice = f"{plain(unread[0].why)}; run it again" if unread else "run `cellarena heal`"
        raise PartialError(f"{remote.name}: {right}, not {names}; {advice}")


def _wrong(there: Mapping[str, Finding]) -> list[str]:
    return [name for name, finding in there.items() if finding.state != "right"]


def _paths(found: Survey, names: Sequence[str]) -> dict[str, str]:
    """Return a path at which each object is promised."""
    return {name: plain(uses[0].path) for name, uses in found.uses(names).items() if uses}
