"""What every training came to: how far it got, what it reached on the validation subset, what it cost."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from cellarena.evaluation.costs import PredictionCosts, TrainingCosts
from cellarena.records import Run
from cellarena.tables import ARM, MODEL, RUN, SEED, booleans, integers, numbers, schema, texts

TRAININGS = schema(
    "trainings", "What every training came to; empty where a run has no checkpoint",
    RUN, MODEL, ARM, SEED,
    texts("status", "whether there is a checkpoint", "trained", "no checkpoint"),
    booleans("stopped_early?", "whether the score no longer rose before budget_steps were done"),
    integers("steps?, budget_steps?", "done, and at most to be done", "optimizer steps"),
    integers("best_step?", "that the weights are of", "optimizer steps"),
    numbers("val_f1?", "best validation score, with decoding as declared", "F1"),
    numbers("val_f1_tuned?", "of the same weights with tuned decoding", "F1"),
    numbers("train_loss?", "the last that was logged"),
    numbers("seconds?", "wall-clock time, validations included", "s"),
    integers("n_parameters?", "of the network"),
    texts("variant?", "of the model, in a few words"),
    texts("device?", "that it was trained on"),
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
        A row of TRAININGS.

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
    """Return rows of `trained` and `untrained` as a table of TRAININGS, in their order; numbers stay whole."""
    table = pd.DataFrame(list(rows), columns=TRAININGS.names)
    table = table.astype({**dict.fromkeys(_WHOLE, "Int64"), "stopped_early": "boolean"})
    return table.fillna({"variant": "", "device": ""})
