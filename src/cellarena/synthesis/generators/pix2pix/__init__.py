"""Generator `pix2pix`: a U-Net paints label images, a discriminator compares with real images of the same labels."""

import cellarena.synthesis.generators.pix2pix.settings  # noqa: F401  # registers it
