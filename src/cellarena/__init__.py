"""A DVC-versioned data and model registry for cell segmentation."""
