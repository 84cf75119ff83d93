"""Git as a process of its own: what it prints, or what it said went wrong, without secrets."""

import os
import subprocess

from cellarena.faults import IntegrityError
from cellarena.registry.repository.addresses import public_address

# No `ext::`, which runs a program of the address's choice.
_PROTOCOLS = "file:git:http:https:ssh"
# A hook of git's own has them, and they win over the folder that is asked for.
_OF_A_HOOK = {
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_SHALLOW_FILE",
    "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_GRAFT_FILE", "GIT_IMPLICIT_WORK_TREE",
}  # fmt: skip


def run_git(*arguments: str, given: bytes = b"") -> bytes:
    """Return what a git command prints, to which something may be given on its standard input.

    Raises:
        ValueError: if it fails; its own words are in it.
        IntegrityError: if it passed over a ref that it cannot read.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in _OF_A_HOOK}
    environment = inherited | {"GIT_ALLOW_PROTOCOL": _PROTOCOLS, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    done = subprocess.run(["git", *arguments], input=given, capture_output=True, env=environment, check=False)
    if done.returncode:
        said = _said(done.stderr or done.stdout) or f"exit code {done.returncode}"
        for address in arguments:
            said = said.replace(address, public_address(address))
        verb = arguments[2] if arguments[0] == "-C" else arguments[0]
        raise ValueError(f"git {verb}: {said}")
    if b"ignoring broken ref" in done.stderr:
        raise IntegrityError(f"git: {_said(done.stderr)}; mend or delete it, see `git fsck`")
    return done.stdout


def _said(printed: bytes) -> str:
    return " ".join(filter(None, map(str.strip, printed.decode(errors="replace").splitlines())))
