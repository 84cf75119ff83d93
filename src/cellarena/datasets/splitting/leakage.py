"""What might leak from one subset into another, as the content of leakage.json."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cellarena.datasets.splitting.splits import named_groups
from cellarena.records import Record


def leakage_report(
    subsets: Mapping[str, Sequence[Record]], groups: Iterable[Sequence[str]], waiver: str = ""
) -> dict[str, Any]:
    """Return how the records of each subset are spread and which near-duplicates straddle subsets.

    `split` keeps near-duplicates together, so that a crossing comes from images whose subset the data set itself fixes.

    Args:
        subsets: as from `split`.
        groups: ids of near-duplicates, as from `near_duplicate_groups`.
        waiver: why crossings are accepted; empty if they are not.

    Returns:
        A dict that JSON can hold: `waiver`; `n_images` by subset and modality; `missing` modalities by subset;
        `near_duplicates`, every group of two or more with the subset of each id; `crossings`, those groups and those
        of `Record.group` that are in more than one subset.

    Raises:
        ValueError: if a group names an id that is in no subset.
    """
    subset_of = {record.id: name for name, members in subsets.items() for record in members}
    records = [record for members in subsets.values() for record in members]
    modalities = sorted({record.modality for record in records})
    n_images = {name: Counter(record.modality for record in members) for name, members in subsets.items()}
    near = [_described("near-duplicates", group, subset_of) for group in sorted(map(sorted, groups)) if len(group) > 1]
    named = [_described(f"group {name}", ids, subset_of) for name, ids in sorted(named_groups(records).items())]
    return {
        "waiver": waiver,
        "n_images": {name: {m: counts[m] for m in modalities} for name, counts in n_images.items()},
        "missing": {name: [m for m in modalities if not counts[m]] for name, counts in n_images.items()},
        "near_duplicates": near,
        "crossings": [group for group in near + named if len(set(group["images"].values())) > 1],
    }


def refuse_crossings(report: Mapping[str, Any]) -> None:
    """Do nothing if a leakage report has no crossings, or a waiver for them.

    Raises:
        ValueError: if there are crossings without waiver; the message names the first few.
    """
    crossings = report["crossings"]
    if not crossings or report["waiver"]:
        return
    shown = "; ".join(", ".join(f"{i} ({subset})" for i, subset in c["images"].items()) for c in crossings[:3])
    raise ValueError(
        f"{len(crossings)} group(s) of images that belong together straddle subsets: {shown}; "
        "remove those from the data set, or give a reason to accept them in split.waiver"
    )


def _described(why: str, ids: Sequence[str], subset_of: Mapping[str, str]) -> dict[str, Any]:
    unknown = [i for i in ids if i not in subset_of]
    if unknown:
        raise ValueError(f"near-duplicate group names {', '.join(unknown)}, which no subset holds")
    return {"why": why, "images": {i: subset_of[i] for i in ids}}
