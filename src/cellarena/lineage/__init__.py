"""What a version was made of, down to the images."""
