"""Simulated microscopes: the embedded data set."""
