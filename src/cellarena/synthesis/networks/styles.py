"""The styles that a generator has learnt: how each training image looks, to be taken again for a new one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import torch
from torch import Tensor

from cellarena.synthesis.generators.spec import Example
from cellarena.synthesis.networks.conditions import N_STYLE, is_grey, style_of

_NARROWEST = 1e-3


@dataclass(frozen=True, eq=False)
class Styles:
    """Of each training image its id, its modality, whether it is grey, and its style.

    Attributes:
        codes: (n, m + N_STYLE) float32: which of the m modalities it is, then its standardised style.
        grey: (n,) float32: 1 where the channels of an image are equal.
        donors: ids of the images.
        modalities: of the images.
    """

    codes: Tensor
    grey: Tensor
    donors: tuple[str, ...]
    modalities: tuple[str, ...]

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Self:
        """Return the styles of training images, in their order."""
        raw = np.stack([style_of(example.image, example.labels) for example in examples])
        standardised = (raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), _NARROWEST)
        modalities = tuple(example.modality for example in examples)
        kinds = np.array([[m == kind for kind in sorted(set(modalities))] for m in modalities], np.float32)
        codes = torch.from_numpy(np.concatenate([kinds, standardised.astype(np.float32)], axis=1))
        grey = torch.tensor([float(is_grey(example.image)) for example in examples])
        return cls(codes, grey, tuple(example.id for example in examples), modalities)

    @classmethod
    def restored(cls, weights: Mapping[str, Tensor], facts: Mapping[str, Any]) -> Self:
        """Return what `weights` and `facts` were made of.

        Raises:
            ValueError: if they do not fit each other.
        """
        donors, modalities = tuple(facts["donors"]), tuple(facts["modalities"])
        codes, grey = weights["styles.codes"], weights["styles.grey"]
        shape = (len(donors), len(set(modalities)) + N_STYLE)
        if tuple(codes.shape) != shape or grey.shape != shape[:1] or len(modalities) != len(donors) or not donors:
            raise ValueError(f"the styles {tuple(codes.shape)} are not those of {len(donors)} donors")
        return cls(codes, grey, donors, modalities)

    @property
    def weights(self) -> dict[str, Tensor]:
        """The tensors, as a generator stores them."""
        return {"styles.codes": self.codes, "styles.grey": self.grey}

    @property
    def facts(self) -> dict[str, Any]:
        """The rest, as JSON types."""
        return {"donors": list(self.donors), "modalities": list(self.modalities)}

    def draw(self, modality: str, rng: np.random.Generator) -> int:
        """Return the place of one of the images of a modality.

        Raises:
            ValueError: if there is none.
        """
        places = [place for place, known in enumerate(self.modalities) if known == modality]
        if not places:
            raise ValueError(
                f"the generator never saw {modality!r}; it knows {', '.join(sorted(set(self.modalities)))}"
            )
        return places[int(rng.integers(len(places)))]
