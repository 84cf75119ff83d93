"""Generator `cyclegan`: label images and photos that do not belong together are translated into each other and back."""

import cellarena.synthesis.generators.cyclegan.settings  # noqa: F401  # registers it
