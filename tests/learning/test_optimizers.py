import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cellarena.learning.optimizers import clip, configured, polynomial, warm_cosine
from tiny import NETWORK

SGD = NETWORK.model_copy(update={"optimizer": "sgd", "learning_rate": 0.01})


def test_the_rate_rises_and_falls():
    factors = [warm_cosine(100, 0.1)(step) for step in range(100)]
    assert factors[:10] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    assert factors[10] == 1
    assert factors[55] == pytest.approx(0.5)
    assert factors[10:] == sorted(factors[10:], reverse=True)


@given(st.integers(1, 500), st.floats(0, 0.99), st.integers(0, 600))
def test_the_rate_is_always_positive_and_at_most_the_highest(steps, warmup, step):
    assert 0 < warm_cosine(steps, warmup)(step) <= 1


def test_the_polynomial_falls_from_one_to_zero_and_stays_there():
    factor = polynomial(10)
    assert factor(0) == 1
    assert factor(5) == pytest.approx(0.5**0.9)
    assert [factor(step) for step in (10, 11)] == [0, 0]
    assert [factor(step) for step in range(11)] == sorted((factor(step) for step in range(11)), reverse=True)


@pytest.mark.parametrize(
    ("hyperparameters", "kind", "bound"), [(NETWORK, torch.optim.AdamW, 1), (SGD, torch.optim.SGD, 12)]
)
def test_each_optimizer_comes_with_rate_decay_schedule_and_bound(hyperparameters, kind, bound):
    optimizer = configured(nn.Linear(1, 1).parameters(), hyperparameters, 10, 0.2, 2)["optimizer"]
    (group,) = optimizer.param_groups
    assert isinstance(optimizer, kind)
    assert group["initial_lr"] == 2 * hyperparameters.learning_rate
    assert group["weight_decay"] == hyperparameters.weight_decay
    assert clip(hyperparameters) == bound


def test_stochastic_gradient_descent_has_the_momentum_of_nesterov():
    (group,) = configured(nn.Linear(1, 1).parameters(), SGD, 10, 0.2, 1)["optimizer"].param_groups
    assert (group["momentum"], group["nesterov"]) == (0.99, True)


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ("adamw", [0.01, 0.02, 0.02, 0.0186603, 0.015, 0.01, 0.005, 0.0013397]),
        # 0.02 times 1, 7/8, 6/8 and so on, each to the power of 0.9.
        ("sgd", [0.02, 0.0177353, 0.0154379, 0.0131015, 0.0107177, 0.0082729, 0.0057435, 0.0030779]),
    ],
)
def test_the_rate_moves_at_every_step(optimizer, expected):
    weight = torch.nn.Parameter(torch.zeros(1))
    chosen = NETWORK.model_copy(update={"optimizer": optimizer, "learning_rate": 0.01})
    made = configured([weight], chosen, len(expected), 0.25, 2)
    used = []
    for _ in expected:
        used.append(made["optimizer"].param_groups[0]["lr"])
        weight.grad = torch.ones(1)
        made["optimizer"].step()
        made["lr_scheduler"]["scheduler"].step()
    assert used == pytest.approx(expected, rel=1e-4)
