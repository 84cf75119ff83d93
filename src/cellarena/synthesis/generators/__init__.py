"""Generators of synthetic images: one file each, entered in the catalog of `spec`."""
