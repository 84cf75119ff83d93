"""All of params.yaml, with a typed block for each entry of the catalogs, checked at once."""

from pathlib import Path
from typing import Any

from pydantic import create_model

from cellarena.extensions import extensions
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
    blocks: dict[str, dict[str, Any]] = {
        "models": _fields({name: MODELS[name].hyperparameters for name in MODELS}, "model")
        | _fields({name: METHODS[name].settings for name in METHODS}, "method"),
        "targets": _fields({name: TARGETS[name] for name in TARGETS}, "target"),
        "generators": _fields({name: GENERATORS[name] for name in GENERATORS}, "generator"),
    }
    sections: dict[str, Any] = {
        key: (create_model(key.title(), __base__=Section, **fields), ...) for key, fields in blocks.items()
    }
    return create_model("Params", __base__=Params, **sections)


def _fields(kinds: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return a field for each entry; what a distribution adds needs no block in a project that does not use it."""
    outside = extensions(kind)
    return {name: (entry | None, None) if name in outside else (entry, ...) for name, entry in kinds.items()}
