"""Stage ensemble: trained members as one row, with their weights; how their mean is decoded, and what it predicts."""

import click

from cellarena.models.ensembles import Ensembling
from cellarena.records import Run, read_manifest
from cellarena.shell.annotated import annotated
from cellarena.shell.left_out import leave_out
from cellarena.shell.predicting import predict_with
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder, run_arguments
from cellarena.shell.settings import target_of


@click.command()
@run_arguments
@click.pass_obj
@fixed_threads
def ensemble(project: Project, run: Run) -> None:
    """Put the members of one seed together, tune the decoding of their mean, and segment every test image."""
    from cellarena.learning.ensemble_checkpoints import gathered, write_ensemble
    from cellarena.learning.recipe import Inference, device_of
    from cellarena.learning.tuning import tuned

    layout = project.layout
    if why := project.grid.ensembles_left_out.get(run.model):
        folders = [layout.ensemble(run), layout.predictions(run), layout.probabilities(run)]
        leave_out(str(run), why, folders, [layout.prediction_costs(run)])
        return
    settings = project.read(Ensembling, "ensembles", run.model)
    device = device_of(project.read(str, "training", "accelerator"))
    target = target_of(project, settings.members[0])
    checkpoints = layout.checkpoint(run).parent
    members = gathered(run, settings, target, checkpoints, device)
    held_out = annotated(layout.preprocessed, read_manifest(layout.subset("val")))
    target, score = tuned(members.segmenter(project.read(Inference, "predict").of_one_view), held_out)
    click.echo(f"decoding tuned on {len(held_out)} validation images: F1 {score:.4f} with {target!r}")
    with fresh_folder(layout.ensemble(run)) as folder:
        write_ensemble(members, run, target, score, checkpoints, folder)
    predict_with(project, run, layout.ensemble(run))
