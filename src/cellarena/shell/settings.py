"""What params.yaml says of one model, and of how long it is trained."""

from cellarena.learning.recipe import Budget
from cellarena.models.spec import MODELS, Hyperparameters
from cellarena.shell.project import Project
from cellarena.targets.spec import TARGETS, Target


def hyperparameters_of(project: Project, model: str) -> Hyperparameters:
    """Return a model's block.

    Raises:
        ValueError: if there is no such model.
    """
    return project.read(MODELS[model].hyperparameters, "models", model)


def target_of(project: Project, model: str) -> Target:
    """Return the target that a model learns, with its settings."""
    name = MODELS[model].target
    return project.read(TARGETS[name], "targets", name)


def chosen_budget(project: Project) -> Budget:
    """Return the budget that the key `budget` names."""
    return project.read(Budget, "budgets", project.read(str, "budget"))
