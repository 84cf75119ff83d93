"""What others made becomes part of the project: annotated images, checkpoints."""
