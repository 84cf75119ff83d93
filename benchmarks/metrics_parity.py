"""What other published metrics say of the golden set, kept for the tests to compare with.

    python benchmarks/metrics_parity.py [--environments FOLDER]

Every package runs as published, in an environment apart from this project's: several want torchvision or older
libraries. The environments are made in FOLDER, where they are used again the next time, or in a temporary one; they
take some gigabytes, most of it torch, which cellpose needs to be imported. Writes tests/evaluation/parity/PACKAGE.json:
the versions that ran and, for every pair of the golden set, their values on the whole images (null for undefined).
"""

import argparse
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
THEIRS = Path(__file__).with_name("metrics_parity_theirs.py")
FIXTURES = ROOT / "tests" / "evaluation" / "parity"
sys.path.insert(0, str(ROOT / "tests" / "evaluation"))

from golden_set import golden_pairs  # noqa: E402 (a neighbour of the tests, not installed)


@dataclass(frozen=True)
class Environment:
    """Packages that run together.

    Attributes:
        peers: the packages whose metrics are asked for.
        alone: what is installed without its dependencies, most of which the metrics never import.
        whole: what is installed with them.
    """

    peers: tuple[str, ...]
    alone: tuple[str, ...]
    whole: tuple[str, ...]


ENVIRONMENTS = {
    "light": Environment(
        peers=("stardist", "cellpose", "py-ctcmetrics", "cellseg-models-pytorch"),
        alone=(
            "stardist==0.9.2",
            "csbdeep==0.8.2",
            "cellpose==4.2.1.1",
            "py-ctcmetrics==1.3.3",
            "cellseg-models-pytorch==0.2.0",
        ),
        whole=(
            *("numpy", "scipy", "numba", "tqdm", "scikit-image", "scikit-learn", "pandas", "tifffile", "imagecodecs"),
            *("six", "matplotlib", "torch", "opencv-python-headless", "fastremap", "fill-voids", "roifile", "natsort"),
        ),
    ),
    "panoptica": Environment(peers=("panoptica",), alone=(), whole=("panoptica==2.1.7",)),
}


def python_of(name: str, folder: Path) -> Path:
    """Return the Python of an environment; it is made if it is not there."""
    python = (folder / name / "bin" / "python").absolute()
    if not python.exists():
        venv.create(folder / name, with_pip=True)
        install = [python, "-m", "pip", "install", "--quiet", "--quiet"]
        wanted = ENVIRONMENTS[name]
        subprocess.run([*install, *wanted.whole], check=True)
        if wanted.alone:
            subprocess.run([*install, "--no-deps", *wanted.alone], check=True)
    return python


def main() -> None:
    """Ask every package for its values of the golden set and keep them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, help="folder for the environments, kept for the next time")
    arguments = parser.parse_args()
    FIXTURES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        pairs = Path(temporary) / "pairs.npz"
        images = {f"{pair}/{side}": getattr(pair, side) for pair in golden_pairs() for side in ("true", "pred")}
        np.savez(pairs, **images)
        for name, environment in ENVIRONMENTS.items():
            python = python_of(name, arguments.environments or Path(temporary))
            for peer in environment.peers:
                fixture = FIXTURES / f"{peer}.json"
                subprocess.run([python, THEIRS, peer, pairs, fixture], check=True, stdout=subprocess.DEVNULL)
                print(fixture.relative_to(ROOT))


if __name__ == "__main__":
    main()
