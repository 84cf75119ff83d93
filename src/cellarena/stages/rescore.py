"""Command rescore: scores from stored predictions, without the pipeline."""

import click

from cellarena.evaluation.rescoring import changes, read_old_scores
from cellarena.records import Run
from cellarena.shell.project import Project
from cellarena.stages._scoring import score_run


@click.command()
@click.argument("runs", nargs=-1, metavar="[RUN]...")
@click.pass_obj
def rescore(project: Project, runs: tuple[str, ...]) -> None:
    """Score stored predictions anew, of all runs or of those named (unet-real-0), and say what changed.

    After a protocol has a new version, or predictions have changed; `dvc repro` then takes up the rest.
    """
    layout = project.layout
    for run in _chosen(runs, project.params.scored_runs):
        old = read_old_scores(layout.scores(run))
        click.echo(f"{run}: {changes(old, score_run(project, run))}")


def _chosen(names: tuple[str, ...], known: list[Run]) -> list[Run]:
    runs = {str(run): run for run in known}
    unknown = [name for name in names if name not in runs]
    if unknown:
        raise ValueError(f"unknown run {', '.join(unknown)}; params.yaml has {', '.join(runs)}")
    return [runs[name] for name in dict.fromkeys(names or runs)]
