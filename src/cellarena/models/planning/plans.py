"""How a plan lies on disk: as JSON whose bytes depend on its content alone."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cellarena.files import write_bytes
from cellarena.models.planning.nnunet_plan import Plan

_DIGITS = 6


def write_sorted_json(content: Mapping[str, Any], path: Path) -> None:
    """Write strict JSON: keys sorted, numbers rounded to six decimals; the file appears whole or not at all."""
    text = json.dumps(_rounded(content), indent=2, sort_keys=True, allow_nan=False)
    write_bytes(text.encode() + b"\n", path)


def _rounded(value: Any) -> Any:
    """Return the value with rounded numbers: the last digits of a mean are not the same on every machine."""
    if isinstance(value, Mapping):
        return {key: _rounded(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_rounded(inner) for inner in value]
    return round(value, _DIGITS) if isinstance(value, float) else value


def read_plan(path: Path) -> Plan:
    """Return the plan that the stage `plan` wrote.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged or edited to something that is no plan.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such plan; run `dvc repro plan` or `dvc pull`")
    try:
        return Plan.model_validate_json(path.read_bytes())
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "content"
        reason = f"{where}: {fault['msg'].removeprefix('Value error, ')}"
        raise ValueError(f"{path}: not a plan ({reason}); run `dvc repro plan` or `dvc checkout`") from error
