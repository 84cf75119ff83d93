"""Which protocol and which runs the numbers of a report are of."""

from collections.abc import Iterable
from dataclasses import replace

from cellarena.records import Run
from cellarena.reporting.document import Block, Illustration, Section, ShownTable


def source_of(protocol: str, runs: Iterable[Run]) -> str:
    """Return protocol and runs on one line; the seeds of a model and arm share a brace as in a shell.

    Args:
        protocol: name and version, such as "strict-1".
        runs: those that the numbers are of.

    Returns:
        Such as "strict-1; runs otsu-real-0, unet-real-{0,1,2}".
    """
    seeds: dict[tuple[str, str], set[int]] = {}
    for run in runs:
        seeds.setdefault((run.model, run.arm), set()).add(run.seed)
    names = [f"{model}-{arm}-{_brace(sorted(found))}" for (model, arm), found in sorted(seeds.items())]
    return f"{protocol}; runs {', '.join(names) or 'none'}"


def sourced(section: Section, source: str) -> Section:
    """Return the section with a source under every table and figure that does not name its own."""
    return replace(section, blocks=[_sourced(block, source) for block in section.blocks])


def _sourced(block: Block, source: str) -> Block:
    if isinstance(block, ShownTable | Illustration) and not block.source:
        return replace(block, source=source)
    return block


def _brace(seeds: list[int]) -> str:
    return str(seeds[0]) if len(seeds) == 1 else f"{{{','.join(map(str, seeds))}}}"
