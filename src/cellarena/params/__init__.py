"""The mirror of params.yaml, assembled from the sections that the parts declare."""

from cellarena.params.loading import load_params
from cellarena.params.whole import Params

__all__ = ["Params", "load_params"]
