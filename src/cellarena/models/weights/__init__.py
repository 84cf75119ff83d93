"""Weights that were trained elsewhere: what is published, how it is checked, and how it gets into a network."""
