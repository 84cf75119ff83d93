"""Train, val and test, and what must not leak from one into another."""
