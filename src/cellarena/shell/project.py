"""What a command works on."""

from dataclasses import dataclass
from functools import cached_property

from cellarena.layout import Layout
from cellarena.params import Params, load_params


@dataclass(frozen=True)
class Project:
    """What a command works on: where things are, and the parameters, read when first asked for."""

    layout: Layout

    @cached_property
    def params(self) -> Params:
        """The checked content of params.yaml."""
        return load_params(self.layout.params)
