"""Reviews of what changed between two commits, with its files of results."""
