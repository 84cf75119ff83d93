"""Releases of models and data sets: how they are named, found, fetched and proved; DVC and GTO keep the versions."""

from cellarena.registry.opened import OpenRelease
from cellarena.registry.opening import open_release

__all__ = ["OpenRelease", "open_release"]
