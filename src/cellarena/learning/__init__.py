"""Training, checkpoints and tiled inference, the same for every network."""
