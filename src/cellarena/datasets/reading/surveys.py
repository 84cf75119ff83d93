"""Looking through a whole tree before anything of it is used: what is there, what is wrong with it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track

from cellarena.datasets.labels.checks import MASK_CHECKS, first_fault
from cellarena.datasets.labels.evidence import Evidence, look_at
from cellarena.datasets.labels.kinds import LABEL_KINDS
from cellarena.datasets.layouts.pairs import Findings, Pair, record_ids
from cellarena.datasets.metadata.notes import notes_of
from cellarena.datasets.metadata.tables import Note
from cellarena.datasets.names import listed
from cellarena.datasets.reading.pairing import note_table, paired, problems_of
from cellarena.datasets.reading.pairs import Annotation, read_pair
from cellarena.datasets.reading.trees import list_tree
from cellarena.datasets.sources.spec import Acquisition, Sample
from cellarena.faults import SecurityError
from cellarena.images.picture import Picture

MOST_REASONS = 10


@dataclass(frozen=True)
class Facts:
    """What is known of one image after it was read."""

    shape: tuple[int, ...]  # (H, W) or (H, W, C)
    dtype: str
    n_ignored: int  # pixels that nobody annotated
    flat: bool
    alpha: bool
    evidence: Evidence
    pixel_size: tuple[float, float] | None


@dataclass(frozen=True)
class Survey:
    """A tree that passed every check."""

    root: Path
    findings: Findings
    ids: dict[Pair, str]
    notes: dict[str, Note]  # by id, and so the facts
    facts: dict[str, Facts]
    unread: tuple[str, ...]  # the columns of its manifest.csv that nothing is taken from


def survey(root: Path, acquisition: Acquisition) -> Survey:
    """Return what a tree holds, after reading every file of it once, one pair at a time.

    Args:
        root: the tree, in one of the layouts of `layouts.detection`, or with a manifest.csv that pairs it.
        acquisition: what is wanted of the files, and what the numbers of label images mean.

    Raises:
        FileNotFoundError: if `root` is no folder.
        ValueError: if anything is wrong; one message with all problems, each naming its files.
        SecurityError: if the tree reaches outside itself or declares more than `acquisition.max_pixels` pixels.
    """
    paths = list_tree(root)
    try:
        table = note_table(root, paths)
        findings = paired(paths, table)
    except ValueError as error:
        raise ValueError(f"{root}: {error}") from error
    problems = problems_of(findings, paths)
    ids: dict[Pair, str] = {}
    notes: dict[str, Note] = {}
    try:
        ids = record_ids(findings.pairs)
        notes = notes_of(table, ids) if not problems else {}
    except ValueError as error:
        problems.append(str(error))
    facts, damages, dangers = _inspect(root, findings, acquisition)
    problems.extend(_label_problems(facts, acquisition))
    problems.extend(_settings_without_effect(findings, facts, acquisition))
    if report := "; ".join((*dangers, *problems, *_grouped(damages))):
        raise (SecurityError if dangers else ValueError)(f"{root}: {report}")
    by_id = {ids[pair]: fact for pair, fact in facts.items()}
    return Survey(root, findings, ids, notes, by_id, table.unread if table else ())


def samples(seen: Survey, acquisition: Acquisition) -> Iterator[Sample]:
    """Yield the samples of a surveyed tree in the order of their ids, reading and checking each file anew.

    Raises:
        ValueError: if a file was changed for the worse since the survey.
        FileNotFoundError: if a file is gone.
    """
    for pair, name in sorted(seen.ids.items(), key=lambda item: item[1]):
        picture, annotation = read_pair(seen.root, pair, acquisition)
        note = seen.notes[name]
        yield Sample(
            name, picture.pixels, annotation.labels, note.modality, note.group, note.subset,
            picture.channel_names, note.pixel_size or picture.pixel_size, annotation.ignored,
        )  # fmt: skip


def _inspect(
    root: Path, findings: Findings, acquisition: Acquisition
) -> tuple[dict[Pair, Facts], list[str], list[str]]:
    """Read every pair; return the facts of the sound ones, then what is damaged, then what is refused on principle."""
    facts: dict[Pair, Facts] = {}
    damages: list[str] = []
    dangers: list[str] = []
    for pair in track(findings.pairs, "Checking images", console=Console(stderr=True), transient=True):
        try:
            facts[pair] = _facts(*read_pair(root, pair, acquisition))
        except (ValueError, FileNotFoundError) as error:
            damages.extend(str(error).splitlines())
        except SecurityError as error:
            dangers.append(str(error))
    return facts, damages, dangers


def _facts(picture: Picture, annotation: Annotation) -> Facts:
    image = picture.pixels
    return Facts(
        shape=image.shape,
        dtype=str(image.dtype),
        n_ignored=0 if annotation.ignored is None else int(np.count_nonzero(annotation.ignored)),
        flat=bool(image.min() == image.max()),
        alpha=picture.n_alpha > 0,
        evidence=look_at(annotation.labels),
        pixel_size=picture.pixel_size,
    )


def _label_problems(facts: dict[Pair, Facts], acquisition: Acquisition) -> Iterator[str]:
    """Yield what is wrong with the sound label images taken together."""
    asked = LABEL_KINDS[acquisition.labels].checks
    for kind, checks in {"label image": asked, "masks": [check for check in asked if check in MASK_CHECKS]}.items():
        evidence = {(*p.labels, p.image)[0]: fact.evidence for p, fact in facts.items() if p.kind == kind}
        if found := first_fault(evidence, checks):
            yield found


def _settings_without_effect(findings: Findings, facts: dict[Pair, Facts], acquisition: Acquisition) -> Iterator[str]:
    """Yield what the user said of label images and no file can be meant by."""
    speaks = acquisition.labels not in {"instances", "unchecked"} or acquisition.background
    if speaks and any(pair.kind == "masks" for pair in findings.pairs):
        yield "acquire.labels and .background are for label images; each mask is one object: unset both"
    if acquisition.ignore is not None and facts and not any(fact.n_ignored for fact in facts.values()):
        yield f"acquire.ignore: no pixel of any label image is {acquisition.ignore}; correct it or say null"


def _grouped(damages: list[str]) -> list[str]:
    """Return "FILE: REASON" lines as one line per reason, the files after it."""
    files: dict[str, list[str]] = defaultdict(list)
    for line in damages:
        file, _, reason = line.partition(": ")
        files[reason].append(file)
    lines = [f"{listed(names)}: {reason}" for reason, names in files.items()]
    return lines if len(lines) <= MOST_REASONS else [*lines[:MOST_REASONS], f"... ({len(damages)} bad files in all)"]
