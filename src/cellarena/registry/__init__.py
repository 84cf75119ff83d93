"""Releases of models and data sets: how they are named, found, fetched and proved; DVC and GTO keep the versions."""
