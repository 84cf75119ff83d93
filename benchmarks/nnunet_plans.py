"""Plans of this project beside those of nnunetv2 itself, for the same data.

    python benchmarks/nnunet_plans.py [--environment FOLDER]

nnunetv2 needs torchvision and is therefore installed into an environment of its own: into FOLDER, which is used again
the next time, or into a temporary one (some gigabytes). Most cases hand both planners the same shapes; for the last,
images are drawn and written as nnU-Net wants them, and nnunetv2 takes its own fingerprint of the files.
Exits 1 if any plan differs.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table

from cellarena.datasets.describing.fingerprint import fingerprint
from cellarena.models.planning.nnunet_plan import Plan, Planning, plan

VERSION = "2.8.1"
THEIRS = Path(__file__).with_name("nnunet_plans_theirs.py")
N_CLASSES = 3


def published(memory_gb: float) -> Planning:
    """Return a budget for the network as nnU-Net's authors publish it."""
    return Planning(memory_gb=memory_gb, features=32)


@dataclass(frozen=True)
class Case:
    """A set of training images, of which every planner is told the shapes, and a budget."""

    shapes: tuple[tuple[int, int], ...]
    memory_gb: float
    n_channels: int = 3
    relative_size: float = 1.0

    def __str__(self) -> str:
        kinds = list(dict.fromkeys(f"{height}x{width}" for height, width in self.shapes))
        named = ", ".join(kinds) if len(kinds) <= 2 else f"{len(kinds)} sizes"
        return f"{len(self.shapes)} of {named}, {self.n_channels} ch, {self.memory_gb:g} GB"


def cases() -> Iterator[Case]:
    """Yield the cases: single sizes, budgets, small sets, mixtures, odd aspects."""
    for side in ((256, 256), (512, 512), (1024, 1024), (2048, 2048), (320, 320), (320, 256), (520, 696), (640, 640)):
        yield Case((side,) * 1000, 8)
    yield Case(((256, 320),) * 600, 8)
    for memory_gb in (4, 1, 0.5, 0.25, 0.1, 0.02):
        yield Case(((256, 256),) * 1000, memory_gb)
    for n_images in (487, 30, 3):
        yield Case(((256, 320),) * n_images, 8)
    yield Case(((256, 256), (257, 300)) * 150, 2)
    yield Case(((1040, 1388),) * 50, 0.5)
    yield Case(((64, 900),) * 400, 1)
    yield Case(((33, 47),) * 400, 8, n_channels=1, relative_size=0.7)
    rng = np.random.default_rng(0)
    for memory_gb in (0.3, 1, 6, 24):
        yield Case(tuple((int(h), int(w)) for h, w in rng.integers(60, 1500, (rng.integers(9, 300), 2))), memory_gb)


def draw(folder: Path) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Write small images of several sizes, some with black frames, as nnU-Net wants them, and yield them."""
    for part in ("imagesTr", "labelsTr"):
        (folder / part).mkdir(parents=True)
    rng = np.random.default_rng(1)
    for index in range(12):
        height, width = rng.integers(90, 170, 2)
        labels = np.zeros((height, width), np.uint8)
        labels[20:60, 15 : 30 + 3 * index] = 1
        labels[60:64, 15:30] = 2
        image = rng.normal((90, 120, 60), 12, (height, width, 3)) + 40 * (labels > 0)[..., None]
        image = np.clip(image, 1, 255).astype(np.uint8)
        image[: 4 * (index % 4)] = 0
        Image.fromarray(image).save(folder / "imagesTr" / f"c{index:03}_0000.png")
        Image.fromarray(labels).save(folder / "labelsTr" / f"c{index:03}.png")
        yield f"c{index:03}", image, labels


def environment(folder: Path) -> Path:
    """Return the Python of an environment that holds nnunetv2; it is made if it is not there."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--quiet", f"nnunetv2=={VERSION}"], check=True)
    return python


def their_plans(python: Path, work: Path, asked: list[Case]) -> dict[str, Any]:
    """Return what nnunetv2 plans for the cases and for the drawn images, and its fingerprint of the latter."""
    (work / "cases.json").write_text(json.dumps([asdict(case) for case in asked]))
    folders = {f"nnUNet_{name}": str(work / name) for name in ("raw", "preprocessed", "results")}
    printed = work / "plans.log"
    with printed.open("w") as log:
        call = [python, THEIRS, work]
        ended = subprocess.run(call, env={**os.environ, **folders}, stdout=log, stderr=subprocess.STDOUT, check=False)
    if ended.returncode:
        sys.exit(f"nnunetv2's planner failed:\n{printed.read_text()[-2000:]}")
    answer: dict[str, Any] = json.loads((work / "answer.json").read_text())
    return answer


def line(made: Plan) -> list[str]:
    """Return the columns of a plan: patch, stages, batch, features, strides, kernels, normalisation."""
    strides = "" if all(step == (2, 2) for step in made.strides[1:]) else f"; strides {made.strides[1:]}"
    kernels = "" if all(kernel == (3, 3) for kernel in made.kernels) else f"; kernels {made.kernels}"
    patch, norm = f"{made.patch[0]}x{made.patch[1]}", "+".join(sorted(set(made.normalisation)))
    return [
        patch,
        str(made.n_stages),
        str(made.batch),
        f"{made.features[0]}..{made.features[-1]}{strides}{kernels}",
        norm,
    ]


def compare(work: Path, python: Path, console: Console) -> int:
    """Print both plans of every case and return how many differ."""
    asked = list(cases())
    ours = [
        plan(case.shapes, case.n_channels, N_CLASSES, published(case.memory_gb), case.relative_size) for case in asked
    ]
    found = fingerprint(draw(work / "raw" / "Dataset900_drawn"), seed=0)
    ours.append(plan(found["shapes"], 3, N_CLASSES, published(8), found["median_relative_size"]))
    answer = their_plans(python, work, asked)
    theirs = [Plan.model_validate(content) for content in answer["plans"]]
    table = Table("images", "planner", "patch", "stages", "batch", "features", "normalisation", "")
    for name, our, their in zip([*map(str, asked), "12 drawn and written, 8 GB"], ours, theirs, strict=True):
        table.add_row(name, "cellarena", *line(our), "same" if our == their else "DIFFERENT")
        table.add_row("", "nnunetv2", *line(their), "", end_section=True)
    console.print(table)
    console.print(f"shapes after cropping agree: {[list(shape) for shape in found['shapes']] == answer['shapes']}")
    for channel, (our, their) in enumerate(zip(found["intensities"], answer["intensities"], strict=True)):
        pairs = "  ".join(f"{key} {our[key]:.2f} / {their[key]:.2f}" for key in sorted(our))
        console.print(f"channel {channel}, foreground, cellarena / nnunetv2: {pairs}")
    n_different = sum(our != their for our, their in zip(ours, theirs, strict=True))
    console.print(f"{len(ours) - n_different} of {len(ours)} plans are the same")
    return n_different


def main() -> int:
    """Compare the planners; 1 if a plan differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environment", type=Path, help="folder for nnunetv2's environment, kept for the next time")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        python = environment(arguments.environment or Path(temporary) / "environment")
        return int(compare(Path(temporary), python.absolute(), Console(width=160)) > 0)


if __name__ == "__main__":
    sys.exit(main())
