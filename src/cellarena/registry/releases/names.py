"""How artifacts, versions and stages are written: `maunet`, `maunet@v1.2.0`, `maunet#prod`."""

import re
from dataclasses import dataclass

_NAME = re.compile(r"[a-z][a-z0-9-]*[a-z0-9]")
"""Of an artifact or a stage."""
_VERSION = re.compile(r"v(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)")
_FORMS = "write NAME, NAME@v1.2.3 or NAME#stage"


@dataclass(frozen=True)
class Reference:
    """What a user asks for: an artifact, and which version of it; the newest if neither version nor stage is given."""

    name: str
    version: str | None = None
    stage: str | None = None

    def __str__(self) -> str:
        if self.version:
            return f"{self.name}@{self.version}"
        return f"{self.name}#{self.stage}" if self.stage else self.name


def parse_reference(text: str) -> Reference:
    """Return what `NAME`, `NAME@VERSION` or `NAME#STAGE` asks for; `NAME@latest` is `NAME`.

    Raises:
        ValueError: if it is none of these, or a part of it cannot be a name, a version or a stage.
    """
    name, separator, rest = re.match(r"([^@#]*)([@#]?)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    name = artifact_name(name)
    if not separator or (separator == "@" and rest == "latest"):
        return Reference(name)
    if separator == "@":
        return Reference(name, version=checked_version(rest))
    if not _NAME.fullmatch(rest):
        raise ValueError(f"{text!r}: {rest!r} cannot be a stage; {_FORMS}")
    return Reference(name, stage=rest)


def artifact_name(text: str) -> str:
    """Return the name of the artifact that is asked for; for the `_` of a model's name it has `-`.

    Raises:
        ValueError: if it is none.
    """
    return checked_name(text.replace("_", "-"))


def checked_name(name: str) -> str:
    """Return an artifact's name; one that DVC, GTO or git's tags could not carry is a ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} cannot name an artifact: use a-z, 0-9 and -, first a letter, last no -; {_FORMS}")
    return name


def checked_version(version: str) -> str:
    """Return a semantic version with a leading v; any other text is a ValueError."""
    if not is_version(version):
        raise ValueError(f"{version!r} is no version; write it as v1.2.3")
    return version


def is_version(text: str) -> bool:
    """Return whether a text is a semantic version with a leading v."""
    return _VERSION.fullmatch(text) is not None


def version_key(version: str) -> tuple[int, ...]:
    """Return what versions are sorted by; what is no version is a ValueError."""
    return tuple(int(part) for part in checked_version(version).removeprefix("v").split("."))
