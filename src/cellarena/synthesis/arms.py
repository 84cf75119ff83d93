"""Arms: which real and which synthetic images a network learns from, as manifests that refer to them."""

from collections.abc import Sequence
from dataclasses import replace
from math import floor
from typing import Self

from pydantic import Field, model_validator

from cellarena.records import Record
from cellarena.section import Section
from cellarena.seeds import digest
from cellarena.tables import ARM, integers, schema, texts

ARMS = schema(
    "arms", "What each arm of the study learns from",
    ARM,
    texts("label", "the arm's name in figures"),
    integers("n_images", "in its manifest"),
    integers("n_synthetic", "of them synthetic"),
)  # fmt: skip


class Arm(Section):
    """An arm's block of the section `arms` of params.yaml; shares are relative to the number of real train images."""

    label: str = Field(min_length=1, max_length=24)
    """Its name in tables and figures."""
    real: float = Field(default=0, ge=0, le=1)
    """Share of the real images, a part of each modality."""
    repeats: float = Field(default=0, ge=0, le=1)
    """Real images that come a second time."""
    synthetic: float = Field(default=0, ge=0, le=1)
    """Synthetic images; a smaller share is part of every larger one of the same generator."""
    generator: str = ""
    """Which of `synthesize.generators` made them."""

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if (self.synthetic > 0) != bool(self.generator):
            raise ValueError("an arm has a share of synthetic images and a generator, or neither")
        if self.real + self.synthetic == 0:
            raise ValueError("an arm needs a share of real or of synthetic images")
        if self.repeats > self.real:
            raise ValueError(f"repeats ({self.repeats}) of real images are at most those there are ({self.real})")
        return self


def compose(arm: Arm, real: Sequence[Record], synthetic: Sequence[Record], seed: int) -> list[Record]:
    """Return the records of an arm, sorted by id.

    Of each modality the same share is taken, the first of one random order, so that the records of a smaller share
    are among those of every larger one. A repeat has `.repeat` after its id.

    Args:
        arm: the shares.
        real: the train subset.
        synthetic: what the arm's generator made; empty for an arm without one.
        seed: of the order.

    Returns:
        At least one record.

    Raises:
        ValueError: if there are fewer synthetic images than the arm asks for, or an id comes twice.
    """
    n_synthetic = rounded(arm.synthetic * len(real))
    if n_synthetic > len(synthetic):
        raise ValueError(
            f"the arm {arm.label} asks for {n_synthetic} images of {arm.generator}, which made {len(synthetic)}; "
            f"raise synthesize.share to at least {arm.synthetic}"
        )
    repeated = [replace(r, id=f"{r.id}.repeat") for r in first_of_each(real, rounded(arm.repeats * len(real)), seed)]
    chosen = [
        *first_of_each(real, rounded(arm.real * len(real)), seed),
        *repeated,
        *first_of_each(synthetic, n_synthetic, seed),
    ]
    if len({r.id for r in chosen}) < len(chosen):
        raise ValueError(f"the arm {arm.label} holds an id twice; rename images that end in .repeat")
    return sorted(chosen, key=lambda r: r.id)


def rounded(number: float) -> int:
    """Return the nearest whole number; halves are rounded up, unlike by `round`."""
    return floor(number + 0.5)


def first_of_each(records: Sequence[Record], n: int, seed: int) -> list[Record]:
    """Return `n` records, of each modality its share; those for a smaller `n` are among those for a larger one."""
    by_modality: dict[str, list[Record]] = {}
    for record in sorted(records, key=lambda r: digest(seed, "arm", r.id)):
        by_modality.setdefault(record.modality, []).append(record)
    # A record's place in its modality, as a share of it: cutting that order anywhere leaves equal shares.
    placed = [
        ((place + 0.5) / len(members), record.modality, record)
        for members in by_modality.values()
        for place, record in enumerate(members)
    ]
    return [record for _, _, record in sorted(placed, key=lambda entry: entry[:2])[:n]]
