"""What networks see of annotated images: crops, and how they are varied."""
