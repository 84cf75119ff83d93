"""Stage ensemble: trained members as one row, and how their mean is decoded."""

import click

from cellarena.models.ensembles import ENSEMBLES
from cellarena.records import Run, read_manifest
from cellarena.shell.annotated import annotated
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder, run_arguments


@click.command()
@run_arguments
@click.pass_obj
@fixed_threads
def ensemble(project: Project, run: Run) -> None:
    """Put the members of one arm and seed together; tune the decoding of their mean; copy no weights."""
    from cellarena.cards import write_card
    from cellarena.learning.ensemble_checkpoints import card_of, gathered
    from cellarena.learning.recipe import device_of
    from cellarena.learning.tuning import tuned

    layout, params = project.layout, project.params
    target = params.target(ENSEMBLES[run.model].members[0])
    folder = layout.checkpoint(run)
    device = device_of(params.training.accelerator)
    members = gathered(run, params.ensembling(run.model), target, folder.parent, device)
    held_out = annotated(layout.preprocessed, read_manifest(layout.subset("val")))
    target, score = tuned(members.segmenter(params.predict.of_one_view), held_out)
    click.echo(f"decoding tuned on {len(held_out)} validation images: F1 {score:.4f} with {target!r}")
    with fresh_folder(folder) as fresh:
        write_card(card_of(members, run, target, score, folder.parent), fresh / "model.json")
