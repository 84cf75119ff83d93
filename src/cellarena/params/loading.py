"""Reading params.yaml: one line for each wrong value."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError, create_model

from cellarena.models.ensembles import ENSEMBLES, Ensembling
from cellarena.models.spec import MODELS
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
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} not found here; run cellarena in the folder that holds dvc.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: not valid YAML ({' '.join(str(error).split())})") from error
    try:
        return _whole().model_validate(content)
    except ValidationError as error:
        raise ValueError("\n".join(_line(fault) for fault in error.errors())) from error


def _whole() -> type[Params]:
    """Return Params with a typed block for each model, ensemble, target and generator of the catalogs."""
    models: dict[str, Any] = {name: (MODELS[name].hyperparameters, ...) for name in MODELS}
    ensembles: dict[str, Any] = dict.fromkeys(ENSEMBLES, (Ensembling, ...))
    targets: dict[str, Any] = {name: (TARGETS[name], ...) for name in TARGETS}
    generators: dict[str, Any] = {name: (GENERATORS[name], ...) for name in GENERATORS}
    sections: dict[str, Any] = {
        "generators": (create_model("Generators", __base__=Section, **generators), ...),
        "models": (create_model("Models", __base__=Section, **models), ...),
        "ensembles": (create_model("Ensembles", __base__=Section, **ensembles), ...),
        "targets": (create_model("Targets", __base__=Section, **targets), ...),
    }
    return create_model("Params", __base__=Params, **sections)


def _line(fault: Any) -> str:
    where = ".".join(str(part) for part in fault["loc"]) or "params.yaml"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}"
