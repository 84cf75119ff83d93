"""How a scene looks under each microscope: one file a modality, a function `render` in each."""
