"""Synthetic images one by one: of which modality each is, how it is made, and whose shapes and pixels it shows."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cellarena.records import Record
from cellarena.seeds import generator
from cellarena.synthesis.generators.spec import Painter
from cellarena.synthesis.layouts import compose_layout
from cellarena.synthesis.shape_bank import ShapeBank
from cellarena.tables import schema, texts

SHAPE, TEXTURE = "shape", "texture"
DONORS = schema(
    "donors", "Which training images each synthetic one is made from; sorted",
    texts("record", "id of the synthetic image"),
    texts("role", "shape if its label image comes from the donor, texture if pixels or style do", SHAPE, TEXTURE),
    texts("donor", "id of the training image"),
    texts("donor_sha256", "of that image's pixels as acquired"),
)  # fmt: skip


@dataclass(frozen=True, order=True)
class Donor:
    """A training image that a synthetic one is made from: a row of DONORS."""

    record: str
    role: str
    donor: str
    donor_sha256: str


@dataclass(frozen=True, eq=False)
class Synthetic:
    """A synthetic image.

    Attributes:
        id: such as synthetic-0001.
        image: (H, W, 3) uint8.
        labels: (H, W) int32 label image.
        modality: the one that it imitates.
        donors: in the order of role and id; at least one.
        licence: those of the donors, joined by AND as in an SPDX expression.
    """

    id: str
    image: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.int32]
    modality: str
    donors: tuple[Donor, ...]
    licence: str


def make(
    bank: ShapeBank, painter: Painter, known: Sequence[Record], n: int, seed: int, name: str
) -> Iterator[Synthetic]:
    """Yield synthetic images 1 to n, of the modalities in the proportions of the known records.

    Image i depends on nothing but the arguments and i; its label image not on the painter or the name either.

    Args:
        bank: shapes of the known records.
        painter: the fitted generator.
        known: the real images that layouts and painter may know, at least one.
        n: how many to make.
        seed: of all randomness.
        name: of the generator.

    Raises:
        ValueError: if there is no known record, the painter returns another size or type than asked for, or names a
            donor that is not known.
    """
    by_id = {record.id: record for record in known}
    for number, modality in enumerate(modalities_in_turn(known, n), start=1):
        record_id = f"synthetic-{number:04d}"
        layout = compose_layout(bank, modality, generator(seed, "layout", number))
        painting = painter.paint(layout.labels, modality, generator(seed, "painting", name, number))
        image = painting.image
        if image.dtype != np.uint8 or image.shape != (*layout.labels.shape, 3):
            raise ValueError(
                f"generator {name} painted {image.dtype} of shape {image.shape} on a label image of shape "
                f"{layout.labels.shape}; expected uint8 RGB of that size"
            )
        shown = sorted({(SHAPE, donor) for donor in layout.donors} | {(TEXTURE, donor) for donor in painting.donors})
        if strange := [donor for _, donor in shown if donor not in by_id]:
            raise ValueError(f"{record_id} of generator {name} is made from {strange[0]}, which it must not know")
        donors = tuple(Donor(record_id, role, donor, by_id[donor].sha256) for role, donor in shown)
        licence = " AND ".join(sorted({by_id[donor].licence for _, donor in shown}))
        yield Synthetic(record_id, image, layout.labels, modality, donors, licence)


def modalities_in_turn(records: Sequence[Record], n: int) -> list[str]:
    """Return the modalities of n images, such that the first m of them follow the shares in records for every m.

    Raises:
        ValueError: if there is no record.
    """
    if not records:
        raise ValueError("there are no training images to imitate; raise the generator's share")
    shares = {name: count / len(records) for name, count in sorted(Counter(r.modality for r in records).items())}
    counts: dict[str, int] = dict.fromkeys(shares, 0)
    chosen = []
    for number in range(1, n + 1):
        # Rounded, so that shares that are equal but for the last digit tie on every machine.
        next_one = max(shares, key=lambda name: round(shares[name] * number - counts[name], 9))
        counts[next_one] += 1
        chosen.append(next_one)
    return chosen
