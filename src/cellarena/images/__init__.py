"""Arrays only: reading and writing images, intensities, label images."""
