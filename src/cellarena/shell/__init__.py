"""What every command is given: its project, its run, fresh folders, threads and a progress bar."""
