"""Generators of synthetic images: a folder each, whose three modules enter the catalogs of `spec`."""
