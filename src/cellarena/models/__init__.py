"""One file a network: its hyperparameters and how it is built."""
