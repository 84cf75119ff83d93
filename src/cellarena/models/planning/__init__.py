"""nnU-Net's plans: how they are made from the train subset, and how they lie on disk."""
