"""Where on this machine copies of other people's repositories and fetched models are kept."""

import os
from pathlib import Path

import platformdirs

from cellarena.object_cache import cache_of
from cellarena.registry.repository.repository import Repository


def copies() -> Path:
    """Return the folder of the bare copies of git repositories."""
    return _cache() / "repositories"


def objects(repository: Repository) -> Path:
    """Return the cache of DVC objects of a repository: `cache_of` a clone, else one that copies share."""
    if repository.home and (repository.home / ".dvc").is_dir():
        return cache_of(repository.home)
    return _cache() / "objects"


def scratch() -> Path:
    """Return a folder for what is unpacked while a command runs, made if need be."""
    folder = _cache() / "unpacked"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _cache() -> Path:
    """Return the folder that CELLARENA_CACHE names, else one in the user's own cache folder."""
    chosen = os.environ.get("CELLARENA_CACHE", "")
    return Path(chosen).expanduser().resolve() if chosen else platformdirs.user_cache_path("cellarena")
