"""Where DVC keeps the objects of a project: nothing else knows, and so nothing else has to follow DVC's settings."""

import hashlib
import json
import re
from pathlib import Path

_OBJECT = re.compile(r"(files/md5/)?[0-9a-f]{2}/[0-9a-f]{30}")
"""Where a file lies in a cache; that of DVC 2 had no folders above."""
_LIST = re.compile(r"[0-9a-f]{32}\.dir")


def cache_of(project: Path) -> Path:
    """Return the folder in which DVC keeps the objects of a project, as all of its configuration files say together.

    Args:
        project: the folder that holds .dvc.

    Raises:
        ValueError: if the configuration of DVC cannot be read.
    """
    from dvc.config import Config, ConfigError

    own = project.resolve() / ".dvc"
    try:
        config = Config(str(own))
        named = config["cache"].get("local")
        chosen = config["remote"][named]["url"] if named else config["cache"].get("dir")
    except (ConfigError, KeyError) as error:
        raise ValueError(f"{project}: DVC's configuration cannot be read ({' '.join(str(error).split())})") from error
    return Path(chosen or own / "cache")


def stored_at(cache: Path, md5: str) -> Path:
    """Return where a folder of DVC's objects, such as .dvc/cache, holds the one of a hash."""
    return cache / "files" / "md5" / md5[:2] / md5[2:]


def listed_files(cache: Path, md5: str) -> dict[str, str] | None:
    """Return the md5 of the files of a folder by their paths in it; None if the list is not there or rotten."""
    if not _LIST.fullmatch(md5):
        return None
    try:
        content = stored_at(cache, md5).read_bytes()
    except OSError:
        return None
    if f"{hashlib.md5(content, usedforsecurity=False).hexdigest()}.dir" != md5:
        return None
    return {str(entry["relpath"]): str(entry["md5"]) for entry in json.loads(content)}


def project_around(folder: Path) -> Path | None:
    """Return the nearest folder at or above one that is a DVC project, None if there is none."""
    whole = folder.resolve()
    return next((place for place in (whole, *whole.parents) if (place / ".dvc").is_dir()), None)


def is_object(path: Path, cache: Path) -> bool:
    """Return whether a path without links is that of a file in a cache, as DVC's own links lead to."""
    whole = cache.resolve()
    return path.is_relative_to(whole) and _OBJECT.fullmatch(path.relative_to(whole).as_posix()) is not None
