"""What is wrong with each promised output, and what that touches."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, get_args

from cellarena.registry.integrity.checking import Finding, State
from cellarena.registry.integrity.dependents import Dependents, Flow, dependents_of
from cellarena.registry.integrity.named_commits import NamedCommit
from cellarena.registry.integrity.promised_objects import Use
from cellarena.registry.integrity.survey import Survey
from cellarena.registry.repository.outputs import LeftAlone, Output


@dataclass(frozen=True)
class Fault:
    """An object that is not right at a place, under the path at which it is promised."""

    path: str
    place: str
    finding: Finding


@dataclass(frozen=True)
class Damage:
    """What is wrong with one output: its faults, sorted by path and place, and what depends on them."""

    output: Output
    faults: Sequence[Fault]
    dependents: Dependents


def damages(found: Survey, flows: Mapping[str, Flow]) -> list[Damage]:
    """Return the outputs with which something is wrong, sorted by path."""
    by_object: dict[str, list[tuple[str, Finding]]] = {}
    for place, finding in found.faults():
        by_object.setdefault(finding.name, []).append((place, finding))
    faults: dict[Output, list[Fault]] = {}
    uses: dict[Output, list[Use]] = {}
    for name, used in found.uses(by_object.keys()).items():
        for use in used:
            uses.setdefault(use.output, []).append(use)
            faults.setdefault(use.output, []).extend(Fault(use.path, *entry) for entry in by_object[name])
    return [
        Damage(output, sorted(of, key=lambda fault: (fault.path, fault.place)), dependents_of(uses[output], flows))
        for output, of in sorted(faults.items())
    ]


def as_json(
    named_commits: Sequence[NamedCommit], found: Survey, damaged: Sequence[Damage], left_alone: Sequence[LeftAlone]
) -> dict[str, Any]:
    """Return the whole account for machines."""
    return {
        "points": [
            {"name": named.name, "commit": named.commit, "release": named.is_release} for named in named_commits
        ],
        "places": {
            place: {"promised": len(findings), **{state: found.n(state, place) for state in get_args(State)}}
            for place, findings in found.found.items()
        },
        "left_alone": [asdict(entry) for entry in left_alone],
        "unlisted": [output.path for output in found.unlisted],
        "damaged": [_entry(damage) for damage in damaged],
    }


def _entry(damage: Damage) -> dict[str, Any]:
    return {
        "output": damage.output.path,
        "md5": damage.output.md5,
        "stage": damage.output.stage,
        "points": list(damage.dependents.names),
        "releases": list(damage.dependents.releases),
        "results": list(damage.dependents.results),
        "faults": [
            {"path": fault.path, "object": name, "place": fault.place, "state": state, "why": why}
            for fault in damage.faults
            for name, state, why in [fault.finding]
        ],
    }
