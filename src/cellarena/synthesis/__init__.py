"""Images made by computation: the simulated source."""
