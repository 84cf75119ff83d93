"""YAML of plain values, read by libyaml where it is there: a dvc.lock has thousands of lines."""

from typing import Any

import yaml

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str | bytes) -> Any:
    """Return the one document in a text, None if it holds none; as `yaml.safe_load`.

    Raises:
        yaml.YAMLError: if it is no YAML, or holds other than plain values.
        ValueError: if it is no text.
        RecursionError: if it is nested too deeply.
    """
    return yaml.load(text, _LOADER)  # either loader is a safe one
