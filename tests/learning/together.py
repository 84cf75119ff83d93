"""Trainings for one process or several; as a script: those named, with the files that the first process writes.

python together.py FOLDER N_PROCESSES NAME...
"""

import json
import sys
from pathlib import Path

from safetensors.torch import save_file

from cellarena.learning.fit import fit
from cellarena.learning.module import Segmentation
from cellarena.models.maunet import MAUNet
from cellarena.models.nnunet import NNUNet
from cellarena.models.planning.nnunet_plan import Planning, plan
from cellarena.models.sac import SAC
from cellarena.targets.class_and_distance import ClassAndDistance
from tiny import NETWORK, discs, recipe

_SHARED = NETWORK.model_dump(exclude={"width", "levels", "residual_units"})
_SGD = {**_SHARED, "optimizer": "sgd", "learning_rate": 0.02}
_PLAN = plan([(64, 64)] * 10, 3, 3, Planning(memory_gb=0.1, features=32)).model_copy(
    update={"patch": (32, 32), "batch": 4, "features": (8,) * 5}
)
_BUDGET = {"batch_size": 4, "steps": 8}

RECIPES = {
    "adamw": {"budget": {**_BUDGET, "steps": 24, "validate_every": 8}},
    # Other than AdamW it sees how long the gradient is.
    "sgd": {"hyperparameters": NETWORK.model_copy(update=_SGD)},
    "deep_supervision": {"model": "nnunet", "hyperparameters": NNUNet(**_SGD, plan=_PLAN)},
    "batch_normalisation": {
        "model": "maunet",
        "target": ClassAndDistance(
            boundary=0.025, distance_weight=1, seed=0.5, contrast=0.05, foreground=0.5, seed_size=1, min_size=4,
            min_share=0,
        ),
        # Statistics of few pixels, and large steps on them, would blow up differences of rounding.
        "hyperparameters": MAUNet(
            **_SGD | {"learning_rate": 0.001}, width=8, features=8, weights="", weights_sha256=""
        ),
        "budget": {**_BUDGET, "crop": 64},
    },
    "phases": {
        "model": "sac",
        "hyperparameters": SAC(
            **_SGD, encoder="tiny", rank=2, pretrain=0.5, checkpoint="", checkpoint_sha256="", enlarge=1, embedding=64,
            depth=2, width=8, prompts="none",
        ),
    },
    "half_precision": {"training": {"precision": "bf16-mixed"}},
}  # fmt: skip


def run(folder, name, n_processes, stop_at=None):
    """Train and write score.json, best.safetensors and last.safetensors; `stop_at` is a step that is not reached."""
    begin = Segmentation.on_train_batch_start

    def stop(module, batch, batch_idx):
        if module.global_step == stop_at:
            raise InterruptedError
        begin(module, batch, batch_idx)

    changes = {"budget": _BUDGET, **RECIPES[name]}
    changes["training"] = {**changes.get("training", {}), "accelerator": "auto", "devices": n_processes}
    state = folder / "state"
    state.mkdir(parents=True, exist_ok=True)
    Segmentation.on_train_batch_start = stop
    try:
        # Of three images to validate on, two processes do not have equally many.
        held_out = [discs(2), discs(3, n=2), discs(4, n=9)]
        fitted = fit(recipe(**changes), [discs(0), discs(1)], held_out, state, folder / "log")
    except InterruptedError:
        return
    finally:
        Segmentation.on_train_batch_start = begin
    if fitted is not None:
        save_file(fitted.best, folder / "best.safetensors")
        save_file(fitted.last, folder / "last.safetensors")
        score = {"score": fitted.score, "step": fitted.step, "n_steps": fitted.n_steps}
        (folder / "score.json").write_text(json.dumps(score))


if __name__ == "__main__":
    folder, n_processes, *names = sys.argv[1:]
    for name in names:
        if name == "resumed":
            run(Path(folder, name), "adamw", int(n_processes), stop_at=17)
            run(Path(folder, name), "adamw", int(n_processes))
        else:
            run(Path(folder, name), name, int(n_processes))
