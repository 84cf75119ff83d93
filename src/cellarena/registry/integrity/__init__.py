"""Whether what commits promise is in DVC's storage with the right bytes, what depends on it, and how it is repaired."""
