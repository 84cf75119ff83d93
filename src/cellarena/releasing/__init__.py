"""What the commands that release, check, mend and move releases share."""
