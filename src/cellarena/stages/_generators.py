"""What generators are fitted to: the training images that they may know, as they see them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from cellarena.records import Record, read_manifest
from cellarena.shell.annotated import annotated_part
from cellarena.shell.project import Project
from cellarena.synthesis.arms import first_of_each, rounded
from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.settings import Source, Synthesis


def known_records(project: Project, name: str) -> list[Record]:
    """Return the training images that a generator knows, sorted by id: those of the arm with its share.

    An image of which less than half was annotated is none of them: too little of it would be left.

    Raises:
        ValueError: if there is no such generator, or no image is left.
    """
    settings = project.read(Synthesis, "synthesize")
    source = project.read(Source, "synthesize", "generators", name)
    train = read_manifest(project.layout.subset("train"))
    chosen = first_of_each(train, rounded(source.share * len(train)), settings.seed)
    known = [record for record in chosen if record.n_annotated >= record.n_ignored]
    if not known:
        raise ValueError(
            f"synthesize.generators.{name}.share: {source.share} of {len(train)} training images is none; raise it"
        )
    return sorted(known, key=lambda record: record.id)


def read_examples(folder: Path, records: Sequence[Record]) -> list[Example]:
    """Return records, whose paths are relative to a folder, as generators see them: what was annotated whole.

    Raises:
        ValueError: if an image is not 8-bit RGB, or its labels differ from it in size.
    """
    return [_example(folder, record) for record in records]


def _example(folder: Path, record: Record) -> Example:
    image, labels = annotated_part(folder, record)
    if image.dtype != np.uint8 or image.shape[2:] != (3,) or labels.shape != image.shape[:2]:
        raise ValueError(
            f"{folder / record.image}: {image.dtype} {image.shape} with labels {labels.shape}, expected 8-bit RGB and "
            "labels of its size; run `dvc repro preprocess`"
        )
    return Example(record.id, image, labels, record.modality)
