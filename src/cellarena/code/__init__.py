"""Which code a command can reach, and a fingerprint of it."""
