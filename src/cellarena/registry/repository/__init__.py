"""A git repository read by its commits, and what DVC's files say at each."""
