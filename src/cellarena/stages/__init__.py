"""The shell: one command of this package is one stage of dvc.yaml."""
