"""Releases made, moved between stages, withdrawn, listed and exported."""
