"""Objects that one place lacks or has wrong, copied from one whose bytes are right."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from cellarena.faults import IntegrityError, PartialError
from cellarena.registry.integrity.checking import Finding, State
from cellarena.registry.integrity.storage import FOLDER, Storage, copy_to_cache, copy_to_remote
from cellarena.registry.integrity.survey import Survey


@dataclass(frozen=True)
class Repair:
    """An object to be copied into a place that lacks it or has it wrong."""

    name: str
    into: str
    state: State


@dataclass(frozen=True)
class Plan:
    """What is to be done, what neither place has right, and what the other place did not answer for.

    The repairs of files come before those of the objects that list a folder's files.
    """

    repairs: Sequence[Repair]
    lost: Sequence[str]
    unknown: Sequence[str]


def plan(found: Survey, cache: Storage, remote: Storage) -> Plan:
    """Return how the cache and a remote are to be repaired from one another."""
    here, there = found.found[cache.name], found.found[remote.name]
    repairs, lost, unknown = [], [], []
    for name in sorted(here, key=lambda name: (name.endswith(FOLDER), name)):
        states = {here[name].state, there[name].state}
        if states == {"right"}:
            continue
        if "right" in states and "unread" not in states:
            into, finding = (cache, here[name]) if here[name].state != "right" else (remote, there[name])
            repairs.append(Repair(name, into.name, finding.state))
        elif "unread" in states:
            unknown.append(name)
        else:
            lost.append(name)
    return Plan(repairs, lost, unknown)


def heal(todo: Plan, found: Survey, cache: Storage, remote: Storage) -> Iterator[Finding]:
    """Copy objects and yield what became of each, in the order of the plan.

    An object is copied to a place under another name first where that place does not itself make it appear whole,
    and it is read there afterwards. The list of a folder's files follows the files, and comes to a remote only if
    all of them are there: DVC takes it for the proof that they are.
    """
    absent = {*todo.lost, *todo.unknown}
    files = [repair for repair in todo.repairs if not repair.name.endswith(FOLDER)]
    with ThreadPoolExecutor(remote.n_jobs) as pool:
        for finding in pool.map(lambda repair: _copied(repair, cache, remote), files):
            if finding.state != "right":
                absent.add(finding.name)
            yield finding
    for repair in todo.repairs[len(files) :]:
        lacking = absent.intersection(found.listings[repair.name].values())
        if lacking and repair.into == remote.name:
            yield Finding(repair.name, "unread", f"{len(lacking)} of its files are not there")
        else:
            yield _copied(repair, cache, remote)


def _copied(repair: Repair, cache: Storage, remote: Storage) -> Finding:
    try:
        if repair.into == cache.name:
            copy_to_cache(repair.name, remote, cache)
        else:
            copy_to_remote(repair.name, cache, remote)
    except FileNotFoundError as error:
        return Finding(repair.name, "missing", f"is gone meanwhile: {error}")
    except IntegrityError as error:
        return Finding(repair.name, "rotten", str(error))
    except (PartialError, OSError) as error:
        return Finding(repair.name, "unread", str(error))
    return Finding(repair.name, "right")
