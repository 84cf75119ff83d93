"""Real pixels on new shapes: cells cut out and warped, backgrounds without cells, noise that agrees."""
