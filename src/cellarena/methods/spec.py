"""What a method without training is: settings, and what it makes of an image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from cellarena.catalog import Catalog
from cellarena.section import Section


@dataclass(frozen=True)
class MethodSpec:
    """A method of the catalog.

    Attributes:
        settings: the pydantic class of its block of the section `models` of params.yaml.
        segment: from an (H, W, 3) uint8 image and an instance of that class to (H, W) labels 1..n.
        variant: which method it is, in a few words, for the tables.
    """

    settings: type[Section]
    segment: Callable[[npt.NDArray[np.uint8], Any], npt.NDArray[np.uint32]]
    variant: str


METHODS: Catalog[MethodSpec] = Catalog("method", "cellarena.methods")
