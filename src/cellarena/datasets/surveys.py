"""Looking through a whole tree before anything of it is used: what is there, what is wrong with it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.progress import track
from rich.table import Table

from cellarena.datasets.annotations import Annotation
from cellarena.datasets.label_checks import MASK_CHECKS, first_fault, looks_odd
from cellarena.datasets.label_evidence import Evidence, look_at
from cellarena.datasets.label_kinds import LABEL_KINDS
from cellarena.datasets.layouts import Findings, Pair
from cellarena.datasets.names import listed, record_ids
from cellarena.datasets.notes import Note, notes_of
from cellarena.datasets.pairing import MANIFEST, note_table, paired, problems_of
from cellarena.datasets.pairs import read_pair
from cellarena.datasets.sources.spec import Acquisition, Sample
from cellarena.datasets.trees import list_tree
from cellarena.faults import SecurityError
from cellarena.images.picture import Picture

MOST_REASONS = 10


@dataclass(frozen=True)
class Facts:
    """What the table says of one image."""

    height: int
    width: int
    channels: int
    dtype: str
    n_objects: int
    n_ignored: int
    flat: bool
    alpha: bool
    evidence: Evidence
    pixel_size: tuple[float, float] | None


@dataclass(frozen=True)
class Survey:
    """A tree that passed every check: `ids` names its pairs, `notes` and `facts` say what is known of each id.

    `unread` are the columns of its manifest.csv that nothing is taken from.
    """

    root: Path
    findings: Findings
    ids: dict[Pair, str]
    notes: dict[str, Note]
    facts: dict[str, Facts]
    unread: tuple[str, ...]


def survey(root: Path, acquisition: Acquisition) -> Survey:
    """Return what a tree holds, after reading every file of it once, one pair at a time.

    Args:
        root: the tree, in one of the layouts of `cellarena.datasets.detection`, or with a manifest.csv that pairs it.
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
    facts, damages, dangers = _inspect(root, findings.pairs, ids, acquisition)
    problems.extend(_label_problems(findings.pairs, facts, ids, acquisition))
    problems.extend(_settings_without_effect(findings.pairs, facts, acquisition))
    report = "; ".join((*dangers, *problems, *_grouped(damages)))
    if dangers:
        raise SecurityError(f"{root}: {report}")
    if report:
        raise ValueError(f"{root}: {report}")
    return Survey(root, findings, ids, notes, facts, table.unread if table else ())


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


def show(seen: Survey, console: Console) -> None:
    """Print a table of what a tree holds."""
    facts = list(seen.facts.values())
    objects = [fact.n_objects for fact in facts]
    table = Table(title=f"{len(facts)} annotated images", show_header=False, title_justify="left")
    rows = {
        "folder": str(seen.root),
        "layout": seen.findings.layout,
        "modalities": _counted(note.modality for note in seen.notes.values()),
        "sizes": _counted(f"{fact.height} x {fact.width}" for fact in facts),
        "pixel types": _counted(fact.dtype for fact in facts),
        "channels": _counted(str(fact.channels) for fact in facts),
        "groups": str(len({note.group for note in seen.notes.values() if note.group})),
        "fixed subsets": _counted(note.subset for note in seen.notes.values() if note.subset) or "none",
        "objects": f"{sum(objects):,} (per image {min(objects)} to {max(objects)}, median {np.median(objects):g})",
        "images whose alpha channel is left out": str(sum(fact.alpha for fact in facts)),
        "pixels that nobody annotated": f"{sum(fact.n_ignored for fact in facts):,}",
        "images without an object": str(objects.count(0)),
        "images of one constant value": str(sum(fact.flat for fact in facts)),
        "label images that look odd": listed(n for n, fact in seen.facts.items() if looks_odd(fact.evidence)) or "none",
        "files left alone": listed(path for path in seen.findings.ignored if path != MANIFEST) or "none",
    }
    if seen.unread:
        rows[f"columns of {MANIFEST} left alone"] = listed(seen.unread)
    if resized := _resized(seen):
        rows[f"pixel sizes of {MANIFEST} that differ from the files'"] = listed(resized)
    for label, value in rows.items():
        table.add_row(label, escape(value))
    console.print(table)


def _resized(seen: Survey) -> list[str]:
    """Return the images whose pixel size is said to be another than their files say, by more than 1 %."""
    lines = []
    for name, fact in seen.facts.items():
        said, found = seen.notes[name].pixel_size, fact.pixel_size
        if said and found and not np.allclose(said, found, rtol=0.01, atol=0):
            lines.append(f"{name} ({_size(said)}, not {_size(found)} µm)")
    return lines


def _size(sides: tuple[float, float]) -> str:
    return " x ".join(f"{side:g}" for side in dict.fromkeys(sides))


def _inspect(
    root: Path, pairs: Sequence[Pair], ids: dict[Pair, str], acquisition: Acquisition
) -> tuple[dict[str, Facts], list[str], list[str]]:
    """Read every pair; return the facts of the sound ones, then what is damaged, then what is refused on principle."""
    facts: dict[str, Facts] = {}
    damages: list[str] = []
    dangers: list[str] = []
    for pair in track(pairs, "Checking images", console=Console(stderr=True), transient=True):
        try:
            picture, annotation = read_pair(root, pair, acquisition)
        except (ValueError, FileNotFoundError) as error:
            damages.extend(str(error).splitlines())
        except SecurityError as error:
            dangers.append(str(error))
        else:
            facts[ids.get(pair, pair.image)] = _facts(picture, annotation)
    return facts, damages, dangers


def _facts(picture: Picture, annotation: Annotation) -> Facts:
    image, evidence = picture.pixels, look_at(annotation.labels)
    return Facts(
        height=image.shape[0],
        width=image.shape[1],
        channels=1 if image.ndim == 2 else image.shape[2],
        dtype=str(image.dtype),
        n_objects=evidence.n_numbers,
        n_ignored=0 if annotation.ignored is None else int(np.count_nonzero(annotation.ignored)),
        flat=bool(image.min() == image.max()),
        alpha=picture.n_alpha > 0,
        evidence=evidence,
        pixel_size=picture.pixel_size,
    )


def _label_problems(
    pairs: Sequence[Pair], facts: dict[str, Facts], ids: dict[Pair, str], acquisition: Acquisition
) -> list[str]:
    """Return what is wrong with the sound label images taken together."""
    problems = []
    asked = LABEL_KINDS[acquisition.labels].checks
    checks = {"label image": asked, "masks": [check for check in asked if check in MASK_CHECKS]}
    for kind, of_kind in checks.items():
        chosen = {next(iter(p.labels), p.image): ids.get(p, p.image) for p in pairs if p.kind == kind}
        problems.extend(
            first_fault({path: facts[name].evidence for path, name in chosen.items() if name in facts}, of_kind)
        )
    return problems


def _settings_without_effect(pairs: Sequence[Pair], facts: dict[str, Facts], acquisition: Acquisition) -> Iterator[str]:
    """Yield what the user said of label images and no file can be meant by."""
    speaks = acquisition.labels not in {"instances", "unchecked"} or acquisition.background
    if speaks and any(pair.kind == "masks" for pair in pairs):
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


def _counted(values: Iterable[str]) -> str:
    return listed(f"{value} ({count})" for value, count in sorted(Counter(values).items(), key=lambda i: (-i[1], i[0])))
