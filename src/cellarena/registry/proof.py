"""Whether a release still is what it was: its bytes, that it loads, and that it finds the objects it found before."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from cellarena.evaluation.matching import iou_pairs, match
from cellarena.faults import IntegrityError, SecurityError
from cellarena.images.io import LabelImage, read_image
from cellarena.registry.gates import Check
from cellarena.registry.packages import Package, refuse_changed

if TYPE_CHECKING:
    from cellarena.learning.method_checkpoints import Method
    from cellarena.learning.predict import Segmenter

VALIDATION = "validation"
_SAME = 0.8
"""IoU from which an object counts as found again: rounding on another machine moves outlines, not objects."""


class Agreement(NamedTuple):
    """How many objects two label images have in common."""

    n_recorded: int
    n_found: int
    n_same: int

    def __add__(self, other: object) -> "Agreement":
        """Return both together."""
        assert isinstance(other, Agreement)
        return Agreement(*(a + b for a, b in zip(self, other, strict=True)))

    @property
    def share(self) -> float:
        """Objects in common, as F1; 1 where both are empty."""
        n_all = self.n_recorded + self.n_found
        return 2 * self.n_same / n_all if n_all else 1.0


def prove(package: Package, folder: Path, agreement: float) -> list[Check]:
    """Return what was found of a fetched package: the bytes of its files, whether it loads, what it predicts.

    What can only be asked of a package that passed is left out where it did not.

    Args:
        package: content of its package.json.
        folder: that it was fetched into.
        agreement: the share of the recorded objects that it must find again.
    """
    try:
        refuse_changed(package, folder)
    except IntegrityError as error:
        return [Check("files", False, str(error))]
    checks = [Check("files", True, f"{len(package.files)} files have the sha256 that package.json promises")]
    try:
        _, segmenter = proving_segmenter(folder / package.checkpoint)
        found = sum(_agreements(segmenter, folder), start=Agreement(0, 0, 0))
    except (ValueError, OSError, IntegrityError, SecurityError) as error:
        return [*checks, Check("loads", False, str(error))]
    words = f"{found.n_same} of {found.n_recorded} recorded objects were found again, {found.n_found} in all"
    return [
        *checks,
        Check("loads", True, f"{package.variant}, without unpickling anything"),
        Check("objects", found.n_recorded > 0 and found.share >= agreement, f"{words}; {agreement:.0%} are asked"),
    ]


def proving_segmenter(checkpoint: Path) -> "tuple[str, Segmenter | Method]":
    """Return what a checkpoint's network or ensemble is, and itself as it is proved: on the CPU, 32 bits, no mirroring.

    Raises:
        OSError: if a file is missing.
        ValueError: if one is damaged.
        IntegrityError: if a member of an ensemble is another.
    """
    from cellarena.learning.ensemble_checkpoints import load_checkpoint
    from cellarena.learning.recipe import Inference

    exact = Inference(tile=256, overlap=0.25, batch_size=1, precision="32-true", mirror=False)
    loaded = load_checkpoint(checkpoint, "cpu")
    return loaded.variant, loaded.segmenter(exact)


def agreement_of(recorded: LabelImage, found: LabelImage) -> Agreement:
    """Return how many objects two label images of the same shape have in common."""
    pairs = iou_pairs(recorded, found)
    return Agreement(pairs.n_true, pairs.n_pred, match(pairs, _SAME).tp)


def _agreements(segmenter: "Segmenter | Method", folder: Path) -> Iterator[Agreement]:
    from cellarena.learning.predict import segment

    for path in sorted((folder / VALIDATION).glob("*.png")):
        yield agreement_of(read_image(path.with_suffix(".tiff")), segment(segmenter, read_image(path)))
