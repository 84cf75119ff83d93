"""Matching of true and predicted objects, and the scores that follow from it."""
