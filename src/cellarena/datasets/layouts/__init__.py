"""How images and what annotates them lie in a tree of files: names in, pairs out."""
