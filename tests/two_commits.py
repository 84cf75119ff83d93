"""A git and DVC repository of two runs on hand-made images, whose commits change what a test asks for."""

import copy
import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from cellarena.evaluation.coverage import ImageStatus, write_statuses
from cellarena.evaluation.scores import SCORES
from cellarena.images.io import write_image, write_labels
from cellarena.layout import Layout
from cellarena.records import Run, write_manifest
from scored import score
from test_records import RECORD
from workspace import STORAGE, Workspace

UNET, SAC = Run("unet", "real", 0), Run("sac", "real", 0)
PARAMS = {
    "models": {"unet": {"learning_rate": 0.0006, "width": 16}, "sac": {"learning_rate": 3e-05}},
    "benchmark": {"models": ["unet", "sac"]},
    "compare": {"smallest_effect": 0.01, "confidence": 0.95, "resamples": 200},
}
IDS = [f"image_{k}" for k in range(8)]


def cells(n_cells, size=96):
    """Return a label image of squares in rows, clear of the border."""
    labels = np.zeros((size, size), np.uint16)
    for n in range(n_cells):
        y, x = 8 + 16 * (n // 5), 8 + 16 * (n % 5)
        labels[y : y + 8, x : x + 8] = n + 1
    return labels


class Project:
    """A repository whose files, dvc.lock and cache are written by hand: DVC itself would take seconds a commit."""

    def __init__(self, parent: Path):
        self.workspace = Workspace(parent / "project")
        self.root = self.workspace.root
        self.layout = Layout(self.root)
        self.root.mkdir(parents=True)
        (parent / STORAGE).mkdir()
        self.workspace.run("git", "init", "--quiet", "--initial-branch=main")
        self.workspace.run("git", "config", "user.name", "Test")
        self.workspace.run("git", "config", "user.email", "test@example.org")
        self.write_file(
            ".dvc/config", f"[core]\n    remote = storage\n['remote \"storage\"']\n    url = ../../{STORAGE}\n"
        )
        self.write_file(".dvc/.gitignore", "/config.local\n/tmp\n/cache\n")
        (self.root / ".gitignore").write_text("/data/\n")
        self.write_file("src/cellarena/models/unet.py", "WIDTH = 16\n")
        self.write_file("src/cellarena/models/sac.py", "WIDTH = 16\n")
        self.set_params(**PARAMS)
        self.write_images(IDS)
        for run in (UNET, SAC):
            self.write_run(run, dict.fromkeys(IDS, 10))
        self.commit("First results")

    def copy(self, parent):
        """Return a copy in another folder, its remote storage beside it."""
        found = copy.copy(self)
        found.workspace = self.workspace.copy(parent)
        found.root = found.workspace.root
        found.layout = Layout(found.root)
        return found

    def write_file(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)

    def set_params(self, **sections):
        path = self.root / "params.yaml"
        content = yaml.safe_load(path.read_text()) if path.exists() else {}
        path.write_text(yaml.safe_dump({**content, **sections}, sort_keys=False))

    def write_images(self, ids, annotated=None, leaks=()):
        """Write the data set: test images with ten cells, or as many as said; `leaks` are crossings."""

        annotated = annotated or {}
        records = []
        for name in ids:
            labels = cells(annotated.get(name, 10))
            write_image(np.where(labels[..., None] > 0, 200, 40).repeat(3, axis=2).astype(np.uint8),
                        self.layout.preprocessed / f"{name}.tiff")  # fmt: skip
            write_labels(labels, self.layout.preprocessed / f"{name}_label.tiff")
            records.append(replace(
                RECORD, id=name, image=f"{name}.tiff", labels=f"{name}_label.tiff", height=96, width=96,
                sha256=f"sha-{name}", labels_sha256=f"sha-{name}-{labels.max()}",
            ))  # fmt: skip
        self.layout.splits.mkdir(parents=True, exist_ok=True)
        write_manifest(records, self.layout.subset("test"))
        self.layout.leakage.write_text(json.dumps({"crossings": list(leaks), "waiver": ""}))
        self.records = records

    def write_run(self, run, n_found, failed=(), unscored=()):
        """Write a run that finds so many cells in each image; it fails on some, and some are not scored."""
        layout = self.layout
        layout.checkpoint(run).mkdir(parents=True, exist_ok=True)
        (layout.checkpoint(run) / "model.json").write_text(f"{sorted(n_found.items())} {sorted(failed)}")
        layout.predictions(run).mkdir(parents=True, exist_ok=True)
        pairs, made = [], []
        for record in self.records:
            path, name = layout.prediction(run, record), record.id
            path.unlink(missing_ok=True)
            if name in unscored:
                continue
            pred = None if name in failed else cells(n_found[name])
            if pred is not None:
                write_labels(pred, path)
            true = cells(int(record.labels_sha256.rsplit("-", 1)[1]))
            pairs.append((name, true, pred))
            made.append(
                ImageStatus(name, "failed" if pred is None else "ok", "t", "p", "no memory" if pred is None else "")
            )
        SCORES.write(score(pairs, run, protocols=["strict"]), layout.scores(run))
        write_statuses(made, layout.cells(run))

    def commit(self, message, runs=(UNET, SAC), scored_apart=False):
        """Commit all as it is, dvc.lock saying that the results were made of what is there.

        Commits of old have each run's scores as outputs of their own, those of today all in one folder.
        """
        relative, params = Layout(Path()), yaml.safe_load((self.root / "params.yaml").read_text())
        data = [relative.preprocessed, relative.splits]
        locked = {"split": self.entry([], {}, data)}
        for run in runs:
            made = [relative.checkpoint(run), relative.predictions(run), relative.scores(run), relative.cells(run)]
            names = {f"models.{run.model}": params["models"][run.model]}
            code = Path("src/cellarena/models") / f"{run.model}.py"
            locked[f"train@{run}"] = self.entry([code, relative.splits], names, made[:1])
            locked[f"predict@{run}"] = self.entry(made[:1], {}, made[1:2])
            if scored_apart:
                locked[f"evaluate@{run}"] = self.entry([relative.preprocessed, *made[1:2]], {}, made[2:])
        if not scored_apart:
            for path in (self.root / "data/scores").iterdir():
                if path.name.split(".")[0] not in map(str, runs):
                    path.unlink()
            deps = [relative.preprocessed, Path("data/predictions")]
            locked["evaluate"] = self.entry(deps, {}, [Path("data/scores")])
        stages = _declared(runs, relative, scored_apart)
        self.write_file("dvc.yaml", yaml.safe_dump({"stages": stages}, sort_keys=False))
        self.write_file("dvc.lock", yaml.safe_dump({"schema": "2.0", "stages": locked}, sort_keys=False))
        self.commit_in_git(message)

    def entry(self, deps, params, outs):
        """Return the entry of a stage in dvc.lock; what it makes is put into the cache."""
        entry = {"cmd": "true", "deps": [self.hashed(path) for path in deps], "outs": [self.hashed(p) for p in outs]}
        return entry | ({"params": {"params.yaml": params}} if params else {})

    def hashed(self, relative):
        """Return how dvc.lock names a file or folder, and put it into the cache."""
        path = self.root / relative
        if path.is_file():
            content = path.read_bytes()
            return {"path": str(relative), "hash": "md5", "md5": self.store(content), "size": len(content)}
        files = sorted(file for file in path.rglob("*") if file.is_file())
        listed = [{"md5": self.store(f.read_bytes()), "relpath": f.relative_to(path).as_posix()} for f in files]
        listed.sort(key=lambda entry: entry["relpath"])
        md5 = self.store(json.dumps(listed, sort_keys=True).encode(), ".dir")
        size = sum(file.stat().st_size for file in files)
        return {"path": str(relative), "hash": "md5", "md5": md5, "size": size, "nfiles": len(files)}

    def store(self, content, suffix=""):
        md5 = hashlib.md5(content).hexdigest() + suffix
        path = self.object(md5)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return md5

    def object(self, md5):
        """Return where the cache holds an object."""
        return self.root / ".dvc/cache/files/md5" / md5[:2] / md5[2:]

    def locked(self, stage, path):
        """Return the hash that dvc.lock says of an output, or that of a file in an output that is a folder."""
        entry = yaml.safe_load((self.root / "dvc.lock").read_text())["stages"][stage]
        outs = {out["path"]: out["md5"] for out in entry["outs"]}
        name = path.relative_to(self.root).as_posix()
        if name in outs:
            return outs[name]
        folder = json.loads(self.object(outs[path.parent.relative_to(self.root).as_posix()]).read_text())
        return next(file["md5"] for file in folder if file["relpath"] == path.name)

    def commit_in_git(self, message):
        """Commit what git holds, the results being those of before."""
        self.workspace.run("git", "add", "--all")
        self.workspace.run("git", "commit", "--quiet", "--message", message)


def _declared(runs, relative, scored_apart):
    """Return the stages of dvc.yaml; those of runs are a matrix, as a name with an @ cannot be written by hand."""
    run = "${item.model}-real-0"
    made = [f"data/{kind}/{run}" for kind in ("checkpoints", "predictions", "scores")]
    matrix = {"matrix": {"model": [run.model for run in runs], "arm": ["real"], "seed": [0]}}
    stages = {"split": {"cmd": "true", "outs": [str(relative.preprocessed), str(relative.splits)]}}
    if runs:
        code = "src/cellarena/models/${item.model}.py"
        train = {"deps": [code, str(relative.splits)], "params": ["models.${item.model}"], "outs": made[:1]}
        stages["train"] = matrix | {"cmd": "true"} | train
        stages["predict"] = matrix | {"cmd": "true", "deps": made[:1], "outs": made[1:2]}
        stages["evaluate"] = {"cmd": "true", "deps": ["data/preprocessed", "data/predictions"], "outs": ["data/scores"]}
        if scored_apart:
            outs = [f"{made[2]}.csv", f"{made[2]}.cells.csv"]
            stages["evaluate"] = matrix | {"cmd": "true", "deps": made[1:2], "outs": outs}
    return stages
