"""Generator `diffusion`: noise is taken away step by step, as the label image asks; made for a GPU."""

import cellarena.synthesis.generators.diffusion.settings  # noqa: F401  # registers it
