"""The mirror of params.yaml: sections that no other part declares, the grid of runs, and the whole."""
