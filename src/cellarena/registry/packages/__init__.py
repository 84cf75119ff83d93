"""What a release of a model holds, how it is proved, and by which conditions a stage takes it."""
