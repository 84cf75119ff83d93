"""The report's section on the trainings: how far each run came, what it reached on the validation subset."""

from collections.abc import Sequence

import pandas as pd

from cellarena.reporting.document import Block, Illustration, Notes, Section, ShownTable, Warnings
from cellarena.reporting.tables import UNDEFINED, other_table

_HEADINGS = {
    "run": "run", "steps": "steps", "best_step": "best step", "val_f1": "validation F1",
    "val_f1_tuned": "validation F1, decoding tuned", "train_loss": "training loss", "seconds": "time (s)",
    "n_parameters": "parameters (M)", "variant": "variant", "device": "trained on",
}  # fmt: skip
_DEFINITIONS = (
    "Validation F1 is at IoU 0.5, without objects at the border, mean over whole images. The weights of the best step "
    "are those that are tested; the decoding is then tuned on the same validation images, so that the tuned F1 is no "
    "estimate of the test score.",
    "Time is the wall-clock time of the training, validations included; it differs from machine to machine. The "
    "training loss is the last that was logged; losses of different networks do not compare.",
    "Ensembles are made of the runs of this table and learn no weights of their own.",
)


def training_section(table: pd.DataFrame, curves: Sequence[Illustration]) -> Section:
    """Return the section on the trainings.

    Args:
        table: as from `evaluation.trainings.training_table`.
        curves: figures of validation score and loss.

    Raises:
        KeyError: if the table lacks a column.
    """
    shown = table.assign(
        steps=[_steps(steps, budget) for steps, budget in zip(table["steps"], table["budget_steps"], strict=True)],
        seconds=table["seconds"].astype(float).round().astype("Int64"),
        n_parameters=table["n_parameters"].astype("Float64") / 1e6,
        variant=[text or UNDEFINED for text in table["variant"]],
        device=[text or UNDEFINED for text in table["device"]],
    )
    missing = table.loc[table["status"] != "trained", ["run", "status"]]
    blocks: list[Block] = [ShownTable("Trainings", other_table(shown[list(_HEADINGS)].rename(columns=_HEADINGS)))]
    if len(missing):
        blocks.insert(0, Warnings([f"{run}: {status}." for run, status in missing.to_numpy()]))
    return Section("Training", [*blocks, Notes([*_DEFINITIONS, *_ends(table)]), *curves])


def _steps(done: object, budget: object) -> str:
    return UNDEFINED if pd.isna(done) else f"{done} of {budget}"  # type: ignore[call-overload]


def _ends(table: pd.DataFrame) -> list[str]:
    """Return which trainings ended early, and which might have gone on rising."""
    known = table[table["status"] == "trained"]
    early = known["stopped_early"].astype(bool)
    last = ~early & (known["best_step"] == known["steps"])
    sentences = {
        "Stopped early, the validation score no longer rose": known.loc[early, "run"],
        "Best at the last validation, so that more steps may help": known.loc[last, "run"],
    }
    return [f"{what}: {', '.join(runs)}." for what, runs in sentences.items() if len(runs)]
