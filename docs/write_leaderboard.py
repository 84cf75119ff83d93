"""Write the leaderboard of the committed results into the README: python docs/write_leaderboard.py."""

from pathlib import Path

import pandas as pd

from cellarena.evaluation.leaderboard import BENCHMARK

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
_BEGIN, _END = "<!-- leaderboard -->", "<!-- end of leaderboard -->"


def leaderboard() -> str:
    """Return the rows of metrics/benchmark.csv, best first, as a table in Markdown."""
    board = BENCHMARK.read(ROOT / "metrics/benchmark.csv").sort_values("f1", ascending=False, kind="stable")
    lines = [
        "| row | F1 | 95 % interval for other images | F1 of each seed | parameters | s per megapixel |",
        "|---|---:|---|---|---:|---:|",
    ]
    lines += [_line(row) for row in board.to_dict("records")]
    return "\n".join(lines)


def page() -> str:
    """Return the README with the leaderboard of today."""
    before, rest = README.read_text(encoding="utf-8").split(_BEGIN)
    return f"{before}{_BEGIN}\n{leaderboard()}\n{_END}{rest.split(_END)[1]}"


def _line(row: dict[str, float | str]) -> str:
    f1, *interval, low, high, seconds = (
        "" if pd.isna(row[name]) else f"{row[name]:.3f}"
        for name in ("f1", "f1_images_low", "f1_images_high", "f1_seed_min", "f1_seed_max", "seconds_per_megapixel")
    )
    parameters = "none" if pd.isna(row["n_parameters"]) else f"{float(row['n_parameters']) / 1e6:.1f} M"
    seeds = low if low == high else f"{low} to {high}"
    between = f"{interval[0]} to {interval[1]}" if all(interval) else ""
    return f"| `{row['model']}` | {f1} | {between} | {seeds} | {parameters} | {seconds} |"


if __name__ == "__main__":
    README.write_text(page(), encoding="utf-8")
