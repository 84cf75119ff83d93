"""What image files of each format say, and what of it is pixels."""
