"""Other people's checkpoints: read apart, checked, and written as this project's own."""
