"""What every training came to: how far it got, what it reached on the validation subset, what it cost."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from cellarena.evaluation.costs import PredictionCosts, TrainingCosts
from cellarena.records import Run

TRAINING_COLUMNS = (
    "run", "model", "arm", "seed", "status", "stopped_early", "steps", "budget_steps", "best_step", "val_f1",
    "val_f1_tuned", "train_loss", "seconds", "n_parameters", "variant", "device",
)  # fmt: skip
_WHOLE = ("steps", "budget_steps", "best_step", "n_parameters")


def trained(
    run: Run,
    card: Mapping[str, Any],
    loss: "pd.Series[float]",
    training: TrainingCosts | None,
    prediction: PredictionCosts | None,
) -> dict[str, Any]:
    """Return the row of a run that was trained.

    Args:
        run: the training.
        card: the content of the checkpoint's model.json.
        loss: training loss by the number of steps done.
        training: what it cost; None if that was not measured.
        prediction: what its predictions cost; the size and the variant of the network stand there.

    Returns:
        TRAINING_COLUMNS: `val_f1` is the best validation score, reached after `best_step` steps with the settings of
        decoding as declared, `val_f1_tuned` that of the same weights with tuned ones; `train_loss` is the last one
        that was logged; `stopped_early` says that the score no longer rose before `budget_steps` were done.

    Raises:
        KeyError: if the card lacks what a training writes.
        TypeError: if it holds another type.
    """
    done, budget, reached = card["training"]["steps"], card["training"]["budget"]["steps"], card["validation"]
    return {
        **_named(run, "trained"),
        "stopped_early": bool(done < budget),
        "steps": done,
        "budget_steps": budget,
        "best_step": reached["step"],
        "val_f1": reached["f1"],
        "val_f1_tuned": reached["f1_tuned"],
        "train_loss": float(loss.iloc[-1]) if len(loss) else math.nan,
        "seconds": training.seconds if training else math.nan,
        "n_parameters": prediction.n_parameters if prediction else None,
        "variant": prediction.variant if prediction else "",
        "device": training.device if training else "",
    }


def untrained(run: Run) -> dict[str, Any]:
    """Return the row of a run that has no checkpoint: every number is undefined."""
    return _named(run, "no checkpoint")


def _named(run: Run, status: str) -> dict[str, Any]:
    return {"run": str(run), "model": run.model, "arm": run.arm, "seed": run.seed, "status": status}


def training_table(rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Return rows of `trained` and `untrained` as a table of TRAINING_COLUMNS, in their order; numbers stay whole."""
    table = pd.DataFrame(list(rows), columns=list(TRAINING_COLUMNS))
    table = table.astype({**dict.fromkeys(_WHOLE, "Int64"), "stopped_early": "boolean"})
    return table.fillna({"variant": "", "device": ""})
