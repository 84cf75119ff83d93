"""The leak guard at work: what an arm's synthetic images come from, read and judged."""

from collections.abc import Sequence
from pathlib import Path

from cellarena.datasets.splitting.duplicates import Fingerprint, fingerprint, near_duplicate_pairs
from cellarena.datasets.splitting.synthetic_leaks import Ancestry, leaks, refuse_leaks
from cellarena.images.io import content_sha256, read_image
from cellarena.layout import SUBSETS
from cellarena.records import Record, read_manifest
from cellarena.shell.project import Project
from cellarena.synthesis.arms import Arm, first_of_each, rounded
from cellarena.synthesis.making import DONORS, Donor
from cellarena.synthesis.stored_generators import read_trained_on


def refuse_what_leaks(project: Project, arm: Arm, real: Sequence[Record], taken: Sequence[Record]) -> None:
    """Check an arm's synthetic images, whose paths are relative to their generator's folder.

    An arm that has fewer real images than there are may know no others; one without any may know all of train.

    Raises:
        FileNotFoundError: if an image, the table of donors or the generator's card is missing.
        ValueError: if a file is not the one in the manifest, or something leaks; the chain is named.
    """
    layout = project.layout
    folder = layout.synthetic(arm.generator)
    subsets = {name: read_manifest(layout.subset(name)) for name in SUBSETS}
    made = [_checked(folder, record) for record in taken]
    judged = [
        fingerprint(r.id, r.sha256, read_image(layout.preprocessed / r.image))
        for name in SUBSETS
        for r in subsets[name]
        if name != "train"
    ]
    seed = project.read(int, "synthesize", "seed")
    allowed = first_of_each(real, rounded(arm.real * len(real)), seed) if arm.real else real
    donors = [Donor(*row) for row in DONORS.read(layout.donors(folder)).itertuples(index=False)]
    ancestry = Ancestry(arm.generator, read_trained_on(layout.generator(arm.generator)), donors)
    alike = near_duplicate_pairs(made, judged, project.read(int, "split", "distance"))
    refuse_leaks(arm.label, leaks(taken, ancestry, subsets, allowed, alike))


def _checked(folder: Path, record: Record) -> Fingerprint:
    """Return the fingerprint of a synthetic image whose files are those of its record."""
    image, labels = read_image(folder / record.image), read_image(folder / record.labels)
    for path, pixels, sha256 in ((record.image, image, record.sha256), (record.labels, labels, record.labels_sha256)):
        if content_sha256(pixels) != sha256:
            raise ValueError(
                f"{folder / path}: its pixels are not those that the manifest names by sha256; run `dvc checkout`"
            )
    return fingerprint(record.id, record.sha256, image)
