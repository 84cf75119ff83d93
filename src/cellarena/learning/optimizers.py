"""How weights follow their gradients: an optimizer with its schedule and its bound on the gradient."""

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from cellarena.models.spec import Hyperparameters

_MOMENTUM = 0.99
_DECAY = 0.9
_CLIP = {"adamw": 1.0, "sgd": 12.0}


def configured(
    parameters: Iterable[Tensor], hyperparameters: Hyperparameters, steps: int, warmup: float, rate: float
) -> dict[str, Any]:
    """Return optimizer and schedule as Lightning's `configure_optimizers` hands them over; the schedule moves by step.

    `adamw` warms up and falls along a half cosine. `sgd` is nnU-Net's: Nesterov momentum 0.99 under a polynomial decay
    without warm-up (Isensee et al., Nature Methods 2021, doi 10.1038/s41592-020-01008-z).

    Args:
        parameters: the weights that learn.
        hyperparameters: optimizer, learning rate and weight decay.
        steps: optimizer steps of the whole training.
        warmup: share of the steps in which the rate of `adamw` rises, in [0, 1).
        rate: what the learning rate is multiplied by.
    """
    highest = hyperparameters.learning_rate * rate
    decay = hyperparameters.weight_decay
    optimizer: Optimizer
    if hyperparameters.optimizer == "sgd":
        optimizer = torch.optim.SGD(parameters, lr=highest, momentum=_MOMENTUM, nesterov=True, weight_decay=decay)
        factor = polynomial(steps)
    else:
        optimizer = torch.optim.AdamW(parameters, lr=highest, weight_decay=decay)
        factor = warm_cosine(steps, warmup)
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": LambdaLR(optimizer, factor), "interval": "step"}}


def clip(hyperparameters: Hyperparameters) -> float:
    """Return the norm that the gradient of all weights together is shortened to: nnU-Net's for its optimizer."""
    return _CLIP[hyperparameters.optimizer]


def warm_cosine(steps: int, warmup: float) -> Callable[[int], float]:
    """Return the factor of the learning rate at a step: up to 1 in `warmup` of the steps, then down to nearly 0."""
    rising = max(1, round(steps * warmup))

    def factor(step: int) -> float:
        if step < rising:
            return (step + 1) / rising
        return float(np.clip(0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising))), 1e-3, 1))

    return factor


def polynomial(steps: int) -> Callable[[int], float]:
    """Return the factor of the learning rate at a step: (1 - step / steps) to the power of 0.9; 0 from the end on."""

    def factor(step: int) -> float:
        return float(max(0.0, 1 - step / steps) ** _DECAY)

    return factor
