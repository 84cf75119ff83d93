import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cellarena.learning.fit import Fitted, fit
from cellarena.learning.module import Segmentation
from tiny import discs, recipe


@pytest.fixture(scope="session")
def repository(tmp_path_factory):
    """A git and DVC repository with one commit, which DVCLive asks for."""
    root = tmp_path_factory.mktemp("repository")
    git = ["git", "-c", "user.name=test", "-c", "user.email=test@example.org"]
    subprocess.run(["git", "init", "--quiet", "."], cwd=root, check=True)
    (root / ".dvc").mkdir()
    (root / ".dvc" / "config").touch()
    subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", "first"], cwd=root, check=True)
    return root


@pytest.fixture
def train(repository, tmp_path, monkeypatch):
    """Return a function that trains under a name, so that the same name continues."""
    monkeypatch.chdir(repository)
    return Trainings(tmp_path, monkeypatch)


class Trainings:
    """Tiny trainings; `steps` lists the steps that the latest of them ran."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.steps: list[int] = []
        self._monkeypatch = monkeypatch
        self._begin = Segmentation.on_train_batch_start

    def __call__(
        self, name: str, at_step: Callable[[int], None] = lambda _: None, images: Any = None, held_out: Any = None,
        **changes: Any,
    ) -> Fitted:  # fmt: skip
        self.steps.clear()

        def begin(module: Segmentation, batch: Any, batch_idx: int) -> None:
            self.steps.append(module.global_step)
            at_step(module.global_step)
            self._begin(module, batch, batch_idx)

        self._monkeypatch.setattr(Segmentation, "on_train_batch_start", begin)
        return fit(
            recipe(**changes), images or [discs(0), discs(1)], held_out or [discs(2)], self.state(name), self.log(name)
        )

    def state(self, name: str) -> Path:
        folder = self.root / "state" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def log(self, name: str) -> Path:
        return self.root / "log" / name

    def log_of(self, name: str) -> dict[str, str]:
        files = sorted(path for path in self.log(name).rglob("*") if path.is_file())
        return {path.relative_to(self.log(name)).as_posix(): path.read_text() for path in files}
