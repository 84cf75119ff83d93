"""What label images mean, and whether they are what they are said to be."""
