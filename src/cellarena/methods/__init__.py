"""Methods without training: rows of the benchmark that a network has to beat."""
