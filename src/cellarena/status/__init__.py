"""Whether what is here is what was made, and what is at work on it."""
