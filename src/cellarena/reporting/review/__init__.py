"""What a pull request changes, told to those who decide on it."""
