"""Values in params.yaml changed for good: their lines are, and neither order nor comments."""

import re
from collections.abc import Mapping

import yaml


def with_values(text: str, section: str, values: Mapping[str, str]) -> str:
    """Return the text of a params.yaml with other values in a section.

    Args:
        text: of the file.
        section: at the top of it.
        values: by their keys, which the section has already.

    Raises:
        ValueError: if the file is written so that single lines cannot be changed; the message says what to write.
    """
    lines, key = text.splitlines(keepends=True), ""
    for i, line in enumerate(lines):
        if top := re.match(r"([\w-]+):", line):
            key = top[1]
        entry = re.match(r"( +)([\w-]+): *(?:\"[^\"]*\"|'[^']*'|[^#\n]*?)( +#.*)?\n?$", line)
        if key == section and entry and entry[2] in values:
            lines[i] = f"{entry[1]}{entry[2]}: {_scalar(values[entry[2]])}{entry[3] or ''}\n"
    after = "".join(lines)
    before = yaml.safe_load(text)
    if yaml.safe_load(after) != {**before, section: {**before[section], **values}}:
        wanted = ", ".join(f"{section}.{name}: {_scalar(value)}" for name, value in values.items())
        raise ValueError(f"params.yaml: written so that it cannot be changed line by line; set {wanted} by hand")
    return after


def _scalar(value: str) -> str:
    return yaml.safe_dump(value, allow_unicode=True, width=2**20).removesuffix("...\n").strip()
