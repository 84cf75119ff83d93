"""The cache and the remotes checked against what commits promise, repaired, filled and cleared."""
