"""Stage evaluate-study: scores of the study's runs on its other arms, from one pass over the images."""

import click

from cellarena.benchmarking.scoring import ScoredRow, scored_together
from cellarena.shell.project import Project
from cellarena.shell.running import fresh_folder


@click.command()
@click.pass_obj
def evaluate_study(project: Project) -> None:
    """Score the runs of the study on all arms but the real images, each annotation read once."""
    rows = [ScoredRow(project, run) for run in project.grid.study_runs]
    for _ in scored_together(project, rows):
        pass
    with fresh_folder(project.layout.study_scores) as folder:
        for row in rows:
            row.write(folder)
