"""The parameters of a params.yaml by their dotted names."""

import json
import re
from collections.abc import Mapping
from typing import Any

# DVC writes YAML 1.2, in which this is a number; to the reader of YAML 1.1 it is text.
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]*)?[eE][-+]?[0-9]+")


def flat(content: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Return every value as JSON by its dotted name; an empty section is a value."""
    found: dict[str, str] = {}
    for key, value in content.items():
        if isinstance(value, Mapping) and value:
            found |= flat(value, f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = json.dumps(_numbers(value), default=str, sort_keys=True, ensure_ascii=False)
    return found


def _numbers(value: Any) -> Any:
    if isinstance(value, list):
        return [_numbers(part) for part in value]
    return float(value) if isinstance(value, str) and _NUMBER.fullmatch(value) else value
