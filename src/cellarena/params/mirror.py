"""All of params.yaml, with a typed block for each entry of the catalogs, checked at once."""

from pathlib import Path
from typing import Any

from pydantic import create_model

from cellarena.methods.spec import METHODS
from cellarena.models.spec import MODELS
from cellarena.params.reading import checked, read_content
from cellarena.params.whole import Params
from cellarena.section import Section
from cellarena.synthesis.generators.spec import GENERATORS
from cellarena.targets.spec import TARGETS


def load_params(path: Path) -> Params:
    """Return the checked parameters of a project.

    Raises:
        FileNotFoundError: if there is no params.yaml: the command runs in the project's root.
        ValueError: one line for each wrong value, such as `models.unet.width: Input should be ...`.
    """
    return checked(_whole(), read_content(path))


def _whole() -> type[Params]:
    """Return Params with a typed block for each model, method, target and generator of the catalogs."""
    models = {name: MODELS[name].hyperparameters for name in MODELS}
    blocks: dict[str, dict[str, Any]] = {
        "models": {**models, **{name: METHODS[name].settings for name in METHODS}},
        "targets": {name: TARGETS[name] for name in TARGETS},
        "generators": {name: GENERATORS[name] for name in GENERATORS},
    }
    sections: dict[str, Any] = {key: (_block(key.title(), kinds), ...) for key, kinds in blocks.items()}
    return create_model("Params", __base__=Params, **sections)


def _block(name: str, kinds: dict[str, Any]) -> type[Section]:
    fields: dict[str, Any] = {entry: (kind, ...) for entry, kind in kinds.items()}
    return create_model(name, __base__=Section, **fields)
