"""A sample of a package that extends cellarena."""
