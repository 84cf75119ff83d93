"""Time and memory of this project's metrics beside cellpose's and a dense matrix like the challenge's.

    python benchmarks/metrics.py [--environments FOLDER] [--repeats N] [--sides 1024 2048 ...]

On drawn label images of 1k^2 pixels with 2,000 cells up to 8k^2 with 70,000. Every measurement is a process of its
own, timed inside it (processor time of one thread) without imports and reading; they alternate, and the best of its
calls and of the repeats counts. Peak memory is what a process takes beyond the two label images that it holds, in
multiples of them (Linux only). What needs a matrix of all cells by all cells stops at 4k^2. FOLDER is as in
metrics_parity.py.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from metrics_parity import python_of
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

CHILD = Path(__file__).with_name("metrics_timed.py")
N_CELLS = {1024: 2_000, 2048: 6_000, 4096: 18_000, 8192: 70_000}
LARGEST_DENSE = 4096
OURS = ("F1", "detection", "official", "PQ", "AJI", "AJI+", "SEG", "boundary F1", "HD95", "full set")
DENSE = ("dense F1", "cellpose F1", "cellpose AJI")
REFERENCE = "F1"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}

Labels = NDArray[np.uint32]
Found = dict[str, float]


def draw(side: int, n_cells: int) -> tuple[Labels, Labels]:
    """Return an annotation and a prediction: discs on a shaken grid; moved, resized, a few dropped and merged.

    Returns:
        Two (side, side) uint32 label images.
    """
    rng = np.random.default_rng(side)
    n = round(n_cells**0.5)
    numbers = np.arange(1, n * n + 1, dtype=np.uint32).reshape(n, n)
    centre = (np.indices((n, n)) + 0.5 + rng.uniform(-0.1, 0.1, (2, n, n))) * side / n
    radius = rng.uniform(0.3, 0.42, (n, n)) * side / n
    kept = np.where(rng.random((n, n)) < 0.05, 0, numbers)
    merged = rng.random((n, n - 1)) < 0.05
    kept[:, :-1] = np.where(merged, kept[:, 1:], kept[:, :-1])
    moved, resized = centre + rng.normal(0, 0.04, centre.shape) * side / n, radius * rng.uniform(0.85, 1.15, (n, n))
    return _discs(side, centre, radius, numbers), _discs(side, moved, resized, rng.permutation(n * n + 1)[kept])


def _discs(side: int, centre: NDArray[np.float64], radius: NDArray[np.float64], numbers: NDArray[np.int64]) -> Labels:
    """Return the label image of discs, each within its own square of the grid."""
    square = np.arange(side) * radius.shape[0] // side
    row, column = np.ix_(square, square)
    y, x = np.ogrid[:side, :side]
    inside = (y - centre[0][row, column]) ** 2 + (x - centre[1][row, column]) ** 2 < radius[row, column] ** 2
    return np.where(inside, numbers[row, column], 0).astype(np.uint32)


def measure(name: str, python: Path, folder: Path) -> Found:
    """Return seconds and peak memory (in multiples of the label images) of one process."""
    call = [python, CHILD, name, folder]
    ended = subprocess.run(call, capture_output=True, text=True, check=False, env=os.environ | ONE_THREAD)
    if ended.returncode:
        sys.exit(f"{name}: {ended.stderr[-2000:]}")
    found: Found = json.loads(ended.stdout.splitlines()[-1])
    return found


def best(runs: list[Found]) -> Found:
    """Return the smallest of every figure."""
    return {figure: min(run[figure] for run in runs) for figure in runs[0]}


def of_side(side: int, repeats: int, cellpose: Path, folder: Path) -> dict[str, Found]:
    """Return the figures of all metrics on images of one size."""
    for name, labels in zip(("true", "pred"), draw(side, N_CELLS[side]), strict=True):
        np.save(folder / f"{name}.npy", labels)
    asked = OURS + (DENSE if side <= LARGEST_DENSE else ())
    python = {name: cellpose if name.startswith("cellpose") else Path(sys.executable) for name in asked}
    runs: dict[str, list[Found]] = {name: [] for name in asked}
    for _ in range(repeats):
        for name in asked:
            runs[name].append(measure(name, python[name], folder))
    return {name: best(found) for name, found in runs.items()}


def report(side: int, found: dict[str, Found], console: Console) -> None:
    """Print the figures of one size."""
    title = f"{side}² px, {N_CELLS[side]} cells"
    table = Table("metric", "s", "s / Mpx", f"times {REFERENCE}", "peak memory, x label images", title=title)
    for name, run in found.items():
        seconds = run["seconds"]
        row = (f"{seconds:.4f}", f"{seconds / side**2 * 1e6:.5f}", f"{seconds / found[REFERENCE]['seconds']:.1f}")
        table.add_row(name, *row, f"{run['memory']:.1f}")
    console.print(table)


def growth(figures: dict[int, dict[str, Found]], console: Console) -> None:
    """Print how time per pixel goes from the smallest image to the others."""
    smallest = min(figures)
    for name in OURS:
        per_pixel = {side: found[name]["seconds"] / side**2 for side, found in figures.items()}
        ratios = ", ".join(f"{side}² {each / per_pixel[smallest]:.2f}" for side, each in per_pixel.items())
        console.print(f"{name}: time per pixel over that at {smallest}²: {ratios}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--environments", type=Path, help="folder for cellpose's environment, kept for the next time")
    parser.add_argument(
        "--repeats", type=int, default=3, help="processes per metric and size, of which the best counts"
    )
    parser.add_argument("--sides", type=int, nargs="+", choices=N_CELLS, default=list(N_CELLS), help="sizes in pixels")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        cellpose = python_of("light", arguments.environments or Path(temporary))
        figures: dict[int, dict[str, Found]] = {}
        console = Console(width=120)
        for side in arguments.sides:
            figures[side] = of_side(side, arguments.repeats, cellpose, Path(temporary))
            report(side, figures[side], console)
        growth(figures, console)


if __name__ == "__main__":
    main()
