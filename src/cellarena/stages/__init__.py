"""The shell: one command of this package is one stage of dvc.yaml."""

from cellarena.termination import heed_termination

heed_termination()
