"""Reading params.yaml: one line for each wrong value."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import TypeAdapter, ValidationError

T = TypeVar("T")


def read_content(path: Path) -> dict[str, Any]:
    """Return what a params.yaml says, unchecked.

    Raises:
        FileNotFoundError: if there is none: the command runs in the project's root.
        ValueError: if it is not YAML.
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path.name} not found here; run cellarena in the folder that holds dvc.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name}: not valid YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path.name}: holds no sections")
    return content


def checked(kind: type[T], content: Mapping[str, Any], where: Sequence[str] = ()) -> T:
    """Return a block of params.yaml, or one value, as its type.

    Args:
        kind: a section, or any type that pydantic knows.
        content: of the file.
        where: the keys that lead to the block; none for the whole.

    Raises:
        ValueError: one line for each wrong value, such as `models.unet.width: Input should be ...`.
    """
    block: Any = content
    for depth, key in enumerate(where):
        if not isinstance(block, Mapping) or key not in block:
            raise ValueError(f"{'.'.join(where[: depth + 1])}: missing in params.yaml")
        block = block[key]
    try:
        return TypeAdapter(kind).validate_python(block)
    except ValidationError as error:
        raise ValueError("\n".join(_line(fault, where) for fault in error.errors())) from error


def _line(fault: Any, where: Sequence[str]) -> str:
    place = ".".join([*where, *(str(part) for part in fault["loc"])]) or "params.yaml"
    return f"{place}: {fault['msg'].removeprefix('Value error, ')}"
