"""Releases and the stages they stand in, as tags in git: how they are named, found, made, moved and withdrawn."""
