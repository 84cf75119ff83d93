"""YAML of plain values, read by libyaml where it is there: a dvc.lock has thousands of lines."""

from typing import Any

import yaml

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_yaml(text: str | bytes) -> Any:
    """Return the one document in a text, None if it holds none; as `yaml.safe_load`.

    Raises:
        yaml.YAMLError: if it is no YAML, or holds other than plain values.
        ValueError: if it is no text.
        RecursionError: if it is nested too deeply.
    """
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()
