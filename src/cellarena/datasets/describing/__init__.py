"""What a data set holds, in tables."""
