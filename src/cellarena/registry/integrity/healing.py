"""Objects that one place lacks or has wrong, copied from one whose bytes are right."""

from collections.abc import Iterator, Sequence
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
    """What is to be done.

    Attributes:
        repairs: the files first, the object that lists a folder's files after them.
        lost: objects that neither place has right.
        unknown: objects that cannot be repaired now because the other place does not answer.
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


def heal(repairs: Sequence[Repair], cache: Storage, remote: Storage) -> Iterator[Finding]:
    """Copy objects and yield what became of each.

    An object is copied to a place under another name first where that place does not itself make it appear whole,
    and it is read there afterwards.
    """
    for repair in repairs:
        try:
            if repair.into == cache.name:
                copy_to_cache(repair.name, remote, cache)
            else:
                copy_to_remote(repair.name, cache, remote)
        except FileNotFoundError as error:
            yield Finding(repair.name, "missing", f"is gone meanwhile ({error})")
        except IntegrityError as error:
            yield Finding(repair.name, "rotten", str(error))
        except (PartialError, OSError) as error:
            yield Finding(repair.name, "unread", str(error))
        else:
            yield Finding(repair.name, "right")
