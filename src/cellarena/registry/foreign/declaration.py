"""An artifact more in dvc.yaml: lines are added, and nothing else of the file changes."""

from typing import Any

import yaml

from cellarena.registry.releases.names import checked_name
from cellarena.registry.repository.plain_yaml import read_yaml


def refuse_declared(text: str, name: str) -> None:
    """Raise a ValueError unless a dvc.yaml can be read and declares no artifact of this name, which must be one."""
    if checked_name(name) in (_content(text).get("artifacts") or {}):
        raise ValueError(f"dvc.yaml declares an artifact {name} already; choose another name")


def with_artifact(text: str, name: str, path: str, desc: str) -> str:
    """Return the text of a dvc.yaml with one artifact more, a model; comments and order are kept.

    Args:
        text: of the file.
        name: of the artifact, new.
        path: of its folder, relative to dvc.yaml.
        desc: what it is in a sentence, without `${`.

    Raises:
        ValueError: if there is one of that name, or the text is written so that lines cannot be added to it.
    """
    refuse_declared(text, name)
    before = _content(text)
    lines = text.splitlines()
    starts = [i for i, line in enumerate(lines) if line.split("#")[0].rstrip() == "artifacts:"]
    at = _end_of_block(lines, starts[0]) if starts else len(lines)
    indent = _indent(lines[starts[0] + 1 : at]) if starts else "  "
    # Some names are no text without quotes, such as `on`.
    written = name if _read_back(name) == name else f'"{name}"'
    entry = {"path": path, "type": "model", "desc": desc}
    added = [f"{indent}{written}:", *(f"{indent}  {key}: {value}" for key, value in entry.items())]
    head = [] if starts else ["", "artifacts:"]
    after = "\n".join([*lines[:at], *head, *added, *lines[at:]]) + "\n"
    if _read_back(after) != {**before, "artifacts": {**(before.get("artifacts") or {}), name: entry}}:
        raise ValueError(
            "dvc.yaml: its artifacts are written so that no line can be added; write them as a block, or add by hand: "
            f"artifacts: {name}: path: {path}"
        )
    return after


def _content(text: str) -> dict[str, Any]:
    try:
        content = read_yaml(text) or {}
    except (yaml.YAMLError, RecursionError) as error:
        raise ValueError(f"dvc.yaml: not valid YAML ({' '.join(str(error).split())})") from error
    if not isinstance(content, dict) or not isinstance(content.get("artifacts") or {}, dict):
        raise ValueError("dvc.yaml: holds no mapping, or its artifacts are none")
    return content


def _read_back(text: str) -> Any:
    try:
        return read_yaml(text)
    except yaml.YAMLError:
        return None


def _end_of_block(lines: list[str], start: int) -> int:
    """Return the number of the line behind the last entry of a block."""
    last = start
    for i in range(start + 1, len(lines)):
        if lines[i].strip() and not lines[i].lstrip().startswith("#"):
            if not lines[i].startswith(" "):
                break
            last = i
    return last + 1


def _indent(block: list[str]) -> str:
    entries = [line for line in block if line.strip() and not line.lstrip().startswith("#")]
    return entries[0][: len(entries[0]) - len(entries[0].lstrip())] if entries else "  "
