"""Stage train: one run's best and last weights, from the arm it learns from."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from cellarena.code.fingerprints import fingerprint_of
from cellarena.datasets.preparation import Preparation
from cellarena.evaluation.costs import TrainingCosts, write_training_costs
from cellarena.extensions import versions
from cellarena.methods.spec import METHODS
from cellarena.models.planning.plans import read_plan
from cellarena.models.spec import MODELS
from cellarena.records import Run, read_manifest
from cellarena.shell.annotated import annotated, files_of
from cellarena.shell.left_out import leave_out
from cellarena.shell.project import Project
from cellarena.shell.running import fixed_threads, fresh_folder, run_arguments
from cellarena.shell.settings import chosen_budget, hyperparameters_of, target_of
from cellarena.stages._settling import settle

if TYPE_CHECKING:
    from cellarena.datasets.cropping.crops import Annotated
    from cellarena.learning.fit import Fitted
    from cellarena.learning.recipe import Recipe
    from cellarena.models.spec import Hyperparameters
    from cellarena.targets.spec import Target

_LIBRARIES = ("torch", "monai", "lightning", "numpy")


@click.command()
@run_arguments
@click.pass_obj
@fixed_threads
def train(project: Project, run: Run) -> None:
    """Train one model on one arm with one seed; an interrupted training goes on where it was.

    With training.devices above 1 it starts further processes of itself; with training.nodes above 1 a launcher does:
    torchrun --nnodes=2 --nproc_per_node=4 ... --no-python cellarena train MODEL ARM SEED.
    """
    if METHODS.bears(run.model):
        settle(project, run)
        return
    if why := project.grid.run_left_out(run):
        layout = project.layout
        leave_out(str(run), why, [layout.checkpoint(run), layout.log(run)], [layout.training_costs(run)])
        return
    from cellarena.learning.shortage import short_of_memory
    from cellarena.stages._lifeline import die_with_dvc

    die_with_dvc()
    budget = f"budgets.{project.read(str, 'budget')}"
    with short_of_memory(f"train {run}", f"training.workers, {budget}.batch_size or {budget}.crop"):
        _train(project, run)


def _train(project: Project, run: Run) -> None:
    from cellarena.cards import write_card
    from cellarena.learning.checkpoints import save_weights
    from cellarena.learning.fingerprints import discard, fingerprint, prepare
    from cellarena.learning.fit import fit

    layout = project.layout
    recipe = _recipe(project, run)
    manifest, folder = layout.learnt(run.arm)
    learnt = folder, sorted(read_manifest(manifest), key=lambda record: record.id)
    judged = layout.preprocessed, read_manifest(layout.subset("val"))
    used = [folder / path for folder, records in (learnt, judged) for r in records for path in files_of(r)]
    identity = fingerprint(_settings(recipe), [manifest, layout.subset("val"), *used])
    state = prepare(layout.resume(run, identity))
    images, held_out = (annotated(*subset) for subset in (learnt, judged))
    fitted = fit(recipe, images, held_out, state, layout.log(run))
    if fitted is None:
        return
    target, score = _tuned(recipe, fitted, held_out)
    click.echo(f"decoding tuned on {len(held_out)} validation images: F1 {score:.4f} with {target!r}")
    with fresh_folder(layout.checkpoint(run)) as folder:
        save_weights(fitted.best, folder / "model.safetensors")
        save_weights(fitted.last, folder / "last.safetensors")
        write_card(_card(project, run, recipe, fitted, identity, target, score), folder / "model.json")
    costs = TrainingCosts(seconds=fitted.seconds, device=_device(recipe))
    write_training_costs(layout.training_costs(run), costs)
    discard(state)


def _recipe(project: Project, run: Run) -> "Recipe":
    from cellarena.learning.recipe import Inference, Recipe, Training

    return Recipe(
        run.model, _hyperparameters(project, run.model), target_of(project, run.model), chosen_budget(project),
        project.read(Training, "training"), project.read(Inference, "predict"), run.seed,
    )  # fmt: skip


def _hyperparameters(project: Project, model: str) -> "Hyperparameters":
    """Return a model's hyperparameters, completed by the plan where the model asks for one."""
    declared = hyperparameters_of(project, model)
    if not MODELS[model].planned:
        return declared
    return declared.planned(read_plan(project.layout.plan(model)))  # type: ignore[attr-defined,no-any-return]


def _device(recipe: "Recipe") -> str:
    """Return what a training ran on, as a table names it."""
    from cellarena.learning.costs import device_name
    from cellarena.learning.recipe import device_of

    name = device_name(device_of(recipe.training.accelerator))
    return name if recipe.n_processes == 1 else f"{recipe.n_processes} x {name}"


def _tuned(recipe: "Recipe", fitted: "Fitted", images: Sequence["Annotated"]) -> "tuple[Target, float]":
    """Return the target with the settings of decoding that suit the best weights, and their validation score."""
    from cellarena.learning.checkpoints import build_network
    from cellarena.learning.predict import Network, Tiles
    from cellarena.learning.recipe import device_of
    from cellarena.learning.tuning import tuned

    network = build_network(recipe.model, recipe.hyperparameters, recipe.target)
    network.load_state_dict(fitted.best)
    network.eval().to(device_of(recipe.training.accelerator))
    tiles = Tiles.of(recipe.hyperparameters, recipe.inference.of_one_view)
    return tuned(Network(network, recipe.target, tiles), images)


def _settings(recipe: "Recipe") -> dict[str, Any]:
    """Return all that a training depends on beside the data, as JSON types; its code and libraries included."""
    views = recipe.inference.of_one_view
    sections = (recipe.hyperparameters, recipe.target, recipe.budget, recipe.training, views)
    named = {type(section).__name__: section.model_dump(mode="json") for section in sections}
    code = fingerprint_of("train", MODELS.entry(recipe.model))
    return {"model": recipe.model, "seed": recipe.seed, **named, "code": code, "libraries": _libraries(recipe.model)}


def _libraries(model: str) -> dict[str, str]:
    """Return the versions of what a model learns with."""
    return versions(_LIBRARIES, MODELS.entry(model).extensions())


def _card(
    project: Project, run: Run, recipe: "Recipe", fitted: "Fitted", identity: str, target: "Target", score: float
) -> dict[str, Any]:
    return {
        "run": str(run),
        "model": run.model,
        "hyperparameters": recipe.hyperparameters.model_dump(mode="json"),
        "target": MODELS[run.model].target,
        "decoding": target.model_dump(mode="json"),
        "normalisation": project.read(Preparation, "preprocess").model_dump(mode="json"),
        "inference": recipe.inference.of_one_view.model_dump(mode="json"),
        "training": {
            "arm": run.arm,
            "seed": run.seed,
            "budget": recipe.budget.model_dump(mode="json"),
            "settings": recipe.training.model_dump(mode="json"),
            "steps": fitted.n_steps,
            "fingerprint": identity,
        },
        "validation": {"f1": round(fitted.score, 6), "step": fitted.step, "f1_tuned": round(score, 6)},
        "libraries": _libraries(run.model),
    }
