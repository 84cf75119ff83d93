"""Stage train: one run's best and last weights, from the arm it learns from."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import click

from cellarena.models.spec import MODELS
from cellarena.records import Record, Run, read_manifest
from cellarena.stages._project import Project
from cellarena.stages._shell import fresh_folder, run_arguments

if TYPE_CHECKING:
    from cellarena.learning.fit import Fitted, Recipe

_LIBRARIES = ("torch", "monai", "lightning", "numpy")


@click.command()
@run_arguments
@click.pass_obj
def train(project: Project, run: Run) -> None:
    """Train one model on one arm with one seed; an interrupted training goes on where it was."""
    from cellarena.learning.checkpoints import save_weights, write_card
    from cellarena.learning.fit import fit
    from cellarena.learning.resume import discard, fingerprint, own_code, prepare
    from cellarena.stages._lifeline import die_with_dvc

    die_with_dvc()
    layout = project.layout
    recipe = _recipe(project, run)
    subsets = [read_manifest(path) for path in (layout.arm(run.arm), layout.subset("val"))]
    used = [layout.preprocessed / path for records in subsets for r in records for path in (r.image, r.labels)]
    identity = fingerprint(_settings(recipe), [layout.arm(run.arm), layout.subset("val"), *used, *own_code()])
    state = prepare(layout.resume(run, identity))
    images, held_out = (_load(project, records) for records in subsets)
    fitted = fit(recipe, images, held_out, state, layout.log(run))
    with fresh_folder(layout.checkpoint(run)) as folder:
        save_weights(fitted.best, folder / "model.safetensors")
        save_weights(fitted.last, folder / "last.safetensors")
        write_card(_card(project, run, recipe, fitted, identity), folder / "model.json")
    discard(state)


def _recipe(project: Project, run: Run) -> "Recipe":
    from cellarena.learning.fit import Recipe

    params = project.params
    return Recipe(
        run.model, params.hyperparameters(run.model), params.target(run.model), params.chosen_budget,
        params.training, params.predict, run.seed,
    )  # fmt: skip


def _load(project: Project, records: list[Record]) -> list[Any]:
    from cellarena.datasets.loading import Annotated
    from cellarena.images.io import read_image

    folder = project.layout.preprocessed
    return [Annotated(read_image(folder / r.image), read_image(folder / r.labels), r.modality) for r in records]


def _settings(recipe: "Recipe") -> dict[str, Any]:
    """Return all that a training depends on beside the data, as JSON types; the libraries' versions included."""
    sections = (recipe.hyperparameters, recipe.target, recipe.budget, recipe.training, recipe.inference)
    named = {type(section).__name__: section.model_dump(mode="json") for section in sections}
    return {"model": recipe.model, "seed": recipe.seed, **named, "libraries": {n: version(n) for n in _LIBRARIES}}


def _card(project: Project, run: Run, recipe: "Recipe", fitted: "Fitted", identity: str) -> dict[str, Any]:
    return {
        "run": str(run),
        "model": run.model,
        "hyperparameters": recipe.hyperparameters.model_dump(mode="json"),
        "target": MODELS[run.model].target,
        "decoding": recipe.target.model_dump(mode="json"),
        "normalisation": project.params.preprocess.model_dump(mode="json"),
        "inference": recipe.inference.model_dump(mode="json"),
        "training": {
            "arm": run.arm,
            "seed": run.seed,
            "budget": recipe.budget.model_dump(mode="json"),
            "settings": recipe.training.model_dump(mode="json"),
            "steps": fitted.n_steps,
            "fingerprint": identity,
        },
        "validation": {"f1": round(fitted.score, 6), "step": fitted.step},
        "libraries": {name: version(name) for name in _LIBRARIES},
    }
