"""A tiny git and DVC repository, made by hand: no stage has to run."""

import hashlib
import json
import os

import yaml

from workspace import Workspace

STAGES = {
    "acquire": {"cmd": "true", "outs": ["data/raw"]},
    "count": {"cmd": "true", "deps": ["data/raw"], "outs": ["data/counts.csv", {"metrics/n.json": {"cache": False}}]},
    "draw": {"cmd": "true", "deps": ["data/counts.csv"], "outs": [{"plots/n.txt": {"cache": False}}]},
    "model": {"cmd": "true", "deps": ["data/raw/a.bin"], "outs": ["data/model.bin"]},
}
ARTIFACTS = {"counts": {"path": "data/counts.csv", "type": "dataset"}, "model": {"path": "data/model.bin"}}


class SmallRepository(Workspace):
    """A clone in `root`, whose cache holds what `commit` writes."""

    def cached(self, name):
        return self.root / ".dvc/cache/files/md5" / name[:2] / name[2:]

    def stored(self, name):
        """Return where an object lies in the folder remote."""
        return self.root.parent / "store/files/md5" / name[:2] / name[2:]

    def configure(self, settings, secrets=None):
        """Set the default remote; the secrets go to .dvc/config.local."""
        write_config(self.root / ".dvc/config", settings, core={"remote": "storage", "analytics": "false"})
        write_config(self.root / ".dvc/config.local", secrets or {})

    def commit(self, raw, counts="3\n", model=b"weights", message="Results"):
        """Write outputs to workspace and cache, their hashes to dvc.lock, and commit; return the objects' names."""
        files = {f"data/raw/{name}": content for name, content in raw.items()}
        files |= {"data/counts.csv": counts.encode(), "data/model.bin": model}
        files |= {"metrics/n.json": json.dumps({"n": counts}).encode(), "plots/n.txt": counts.encode()}
        for path, content in files.items():
            (self.root / path).parent.mkdir(parents=True, exist_ok=True)
            (self.root / path).write_bytes(content)
        names = {path: self._keep(content) for path, content in files.items() if path.startswith("data/")}
        listing = [{"md5": names[f"data/raw/{name}"], "relpath": name} for name in sorted(raw)]
        names["data/raw"] = self._keep(json.dumps(listing).encode(), ".dir")
        self.lock({path: names.get(path) or md5(content) for path, content in {**files, "data/raw": b""}.items()})
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        return names

    def lock(self, names):
        (self.root / "dvc.yaml").write_text(yaml.safe_dump({"stages": STAGES, "artifacts": ARTIFACTS}))
        stages = {
            stage: {
                "cmd": "true",
                "deps": [entry(path, names) for path in content.get("deps", ())],
                "outs": [entry(path if isinstance(path, str) else next(iter(path)), names) for path in content["outs"]],
            }
            for stage, content in STAGES.items()
        }
        (self.root / "dvc.lock").write_text(yaml.safe_dump({"schema": "2.0", "stages": stages}))

    def git(self, *arguments):
        return self.run("git", *arguments).strip()

    def release(self, name, revision="HEAD"):
        self.git("tag", "--annotate", name, revision, "--message", f"Release {name}")

    def _keep(self, content, ending=""):
        name = md5(content) + ending
        path = self.cached(name)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            path.chmod(0o444)
        return name


def new_repository(parent, settings=None, secrets=None):
    """Return a repository without outputs; its remote is the folder `store` beside it unless settings say otherwise."""
    root = parent / "project"
    root.mkdir(parents=True)
    repository = SmallRepository(root)
    repository.git("init", "--quiet", "--initial-branch=main")
    repository.git("config", "user.name", "Test")
    repository.git("config", "user.email", "test@example.org")
    (root / ".dvc").mkdir()
    repository.configure(settings or {"url": "../../store"}, secrets)
    (root / ".dvc/.gitignore").write_text("/config.local\n/cache\n/tmp\n")
    (root / ".gitignore").write_text("/data/\n")
    return repository


def write_config(path, settings, core=None):
    sections = {"core": core, "'remote \"storage\"'": settings}
    lines = [
        f"{line}\n"
        for name, content in sections.items()
        if content
        for line in (f"[{name}]", *(f"    {key} = {value}" for key, value in content.items()))
    ]
    path.write_text("".join(lines))


def flip(path):
    """Change one byte as rot does: neither the time nor the mode tells."""
    before = path.stat()
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    path.chmod(before.st_mode & 0o777)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def entry(path, names):
    return {"path": path, "md5": names[path], "hash": "md5", "size": 1}


def md5(content):
    return hashlib.md5(content).hexdigest()
