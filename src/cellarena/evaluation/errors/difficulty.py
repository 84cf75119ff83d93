"""Which images are hard: for one model, and for all."""

from collections.abc import Mapping, Sequence

import pandas as pd

from cellarena.records import Run
from cellarena.tables import IMAGE, integers, numbers, schema

DIFFICULTY = schema(
    "difficulty", "How hard each image is for the models, the hardest first",
    IMAGE,
    numbers("mean_f1, worst_f1, best_f1", "over the learned models, each the mean of its seeds", "F1"),
    integers("n_models", "learned models"),
    integers("n_hard", "of them those for which it is hard"),
    integers("hard_for_all", "1 if it is for all of them, else 0"),
    numbers("f1_*", "of the model, mean of its seeds", "F1"),
)  # fmt: skip


def difficulty(f1: Mapping[Run, "pd.Series[float]"], learned: Sequence[str], share: float) -> pd.DataFrame:
    """Return how hard each image is for the models, the hardest first: the columns of DIFFICULTY, a row per image.

    An image is hard for a model if its F1 is at most that which the model does not exceed on `share` of the images,
    and below 1; it is hard for all if that holds for every one of the learned models. So the verdict does not depend on
    how good the models are, and the classical floor has no say.

    Args:
        f1: F1 at IoU 0.5 by image, for each run; every run has the same images.
        learned: the models that decide, by name.
        share: of the images, in (0, 1).

    Raises:
        ValueError: if no run is of a learned model, or the runs differ in their images.
    """
    rows = _by_model(f1)
    decisive = [name for name in rows.columns if name in learned]
    if not decisive:
        raise ValueError("difficulty: no run of a learned model was analysed")
    scores = rows[decisive]
    hard = (scores <= scores.quantile(share)) & (scores < 1)
    table = pd.DataFrame({
        "mean_f1": scores.mean(axis=1),
        "worst_f1": scores.min(axis=1),
        "best_f1": scores.max(axis=1),
        "n_models": len(decisive),
        "n_hard": hard.sum(axis=1),
        "hard_for_all": hard.all(axis=1).astype(int),
    }).join(rows.add_prefix("f1_"))  # fmt: skip
    ordered = table.rename_axis("image").reset_index()
    return ordered.sort_values(["mean_f1", "image"], kind="stable", ignore_index=True)


def _by_model(f1: Mapping[Run, "pd.Series[float]"]) -> pd.DataFrame:
    """Return F1 by image and model, seeds averaged; the columns stand in the order of the runs."""
    rows: dict[str, list[pd.Series[float]]] = {}
    expected: set[str] = set()
    for run, values in f1.items():
        expected = expected or set(values.index)
        if odd := sorted(expected ^ set(values.index)):
            raise ValueError(f"{run}: {len(odd)} image(s) were not analysed for every run, such as {odd[0]}")
        rows.setdefault(run.model, []).append(values)
    return pd.DataFrame({name: pd.concat(seeds, axis=1).mean(axis=1) for name, seeds in rows.items()}).sort_index()
