"""What is wrong with promised objects, in lines for people, and the exit code that says how bad it is."""

from collections.abc import Iterator, Sequence

from cellarena.datasets.names import listed
from cellarena.faults import IntegrityError, PartialError
from cellarena.registry.integrity.checking import State
from cellarena.registry.integrity.damage import Damage
from cellarena.registry.integrity.survey import Survey
from cellarena.reporting.tables import plain

_SHOWN = 8
"""So many entries of a list are written out; the JSON has all."""


def lines_of(found: Survey, damaged: Sequence[Damage]) -> Iterator[str]:
    """Yield the account of a survey."""
    for place, findings in found.found.items():
        counts = ", ".join(f"{found.n(state, place)} {state}" for state in _states(found, place))
        yield f"{place}: {len(findings)} objects promised, {counts}"
    if unlisted := found.unlisted:
        n_files = sum(output.n_files for output in unlisted)
        paths = listed([output.path for output in unlisted])
        yield f"not looked for: {n_files} files of {paths}, for what lists them is missing or rotten itself"
    for damage in damaged:
        yield ""
        yield from _lines(damage)


def refuse_faults(found: Survey) -> None:
    """Do nothing if all promised objects are right.

    Raises:
        IntegrityError: if one is missing or rotten.
        PartialError: if some could not be read.
    """
    bad = [finding for _, finding in found.faults() if finding.state != "unread"]
    unread = [finding for _, finding in found.faults() if finding.state == "unread"]
    beside = f"; {len(unread)} could not be read ({plain(unread[0].why)})" if unread else ""
    if bad:
        counts = ", ".join(f"{sum(finding.state == s for finding in bad)} {s}" for s in ("missing", "rotten"))
        raise IntegrityError(f"{' and '.join(found.found)}: {counts}{beside}; run `cellarena heal`")
    if unread:
        n = sum(len(findings) for findings in found.found.values())
        raise PartialError(f"{n - len(unread)} of {n} objects are there and right{beside}; run it again")


def _states(found: Survey, place: str) -> list[State]:
    optional: list[State] = ["unread"] if found.n("unread", place) else []
    return ["right", "missing", "rotten", *optional]


def _lines(damage: Damage) -> Iterator[str]:
    yield f"{plain(damage.output.path)} (stage {plain(damage.output.stage)})"
    for fault in damage.faults[:_SHOWN]:
        why = f": {plain(fault.finding.why)}" if fault.finding.why else ""
        yield f"  {fault.finding.state} in {fault.place}: {plain(fault.path)} ({fault.finding.name}){why}"
    if len(damage.faults) > _SHOWN:
        yield f"  and {len(damage.faults) - _SHOWN} more"
    yield f"  promised by: {listed(damage.dependents.names)}"
    yield f"  releases: {listed(damage.dependents.releases) or 'none'}"
    yield f"  numbers and figures: {listed(damage.dependents.results) or 'none'}"
