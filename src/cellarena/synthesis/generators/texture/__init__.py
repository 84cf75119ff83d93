"""Real cells and backgrounds of the training images, put together anew; nothing is learnt."""
