"""Generator `texture`: real cells and backgrounds of the training images, put together anew; nothing is learnt."""

import cellarena.synthesis.generators.texture.settings  # noqa: F401  # registers it
