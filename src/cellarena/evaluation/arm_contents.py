"""What the arms of a study hold, and which of them is compared with which."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cellarena.records import REAL, Record


@dataclass(frozen=True)
class Contents:
    """What the networks of an arm learn from.

    Attributes:
        label: the arm's name in tables and figures.
        generator: what made its synthetic images; empty without any.
        n_real: real images.
        n_repeats: those of them that come a second time.
        n_synthetic: synthetic images.
    """

    label: str
    generator: str
    n_real: int
    n_repeats: int
    n_synthetic: int


def contents_of(label: str, generator: str, records: Sequence[Record], synthetic: str) -> Contents:
    """Return what an arm's manifest holds.

    Args:
        label: the arm's name in tables and figures.
        generator: what made its synthetic images; empty without any.
        records: of the manifest.
        synthetic: the folder of synthetic images, as the paths in the manifest begin.
    """
    real = [r for r in records if not r.image.startswith(f"{synthetic}/")]
    n_real = len({r.image for r in real})
    return Contents(label, generator, n_real, len(real) - n_real, len(records) - len(real))


def references(contents: Mapping[str, Contents]) -> list[tuple[str, str]]:
    """Return which arm is compared with which: the declared family of every model.

    Each with the real images alone; one of fewer real images with synthetic ones also with the arm of as many real
    images alone, if there is one, as it is that difference which the synthetic images make.

    Raises:
        ValueError: if the arm `real` is not among them.
    """
    if REAL not in contents:
        raise ValueError(f"the study has no arm {REAL}, which the others are compared with")
    family = [(arm, REAL) for arm in contents if arm != REAL]
    for arm, held in contents.items():
        alone = [name for name, other in contents.items() if name != REAL and _is_real_part_of(other, held)]
        family += [(arm, name) for name in alone[:1]]
    return family


def _is_real_part_of(other: Contents, held: Contents) -> bool:
    """Tell whether an arm is the real images of one that has synthetic ones too, and nothing else."""
    if other.n_synthetic or other.n_repeats or not held.n_synthetic:
        return False
    return other.n_real == held.n_real
