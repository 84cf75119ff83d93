"""What people write about their images: the rows of their manifest.csv, the names of their folders."""
