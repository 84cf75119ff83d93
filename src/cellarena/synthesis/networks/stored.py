"""Weights of a network, taken from what a generator stored."""

from collections.abc import Mapping

from torch import Tensor, nn


def fill(network: nn.Module, weights: Mapping[str, Tensor], prefix: str) -> None:
    """Load the tensors whose names begin with `prefix` and a dot into a network.

    Raises:
        ValueError: if names, shapes or types differ from the network's.
    """
    start = f"{prefix}."
    found = {name.removeprefix(start): tensor for name, tensor in weights.items() if name.startswith(start)}
    wanted = network.state_dict()
    kinds = [{name: (t.shape, t.dtype) for name, t in tensors.items()} for tensors in (found, wanted)]
    if odd := sorted(name for name in found.keys() | wanted.keys() if kinds[0].get(name) != kinds[1].get(name)):
        raise ValueError(f"the weights do not fit the network ({len(odd)} tensors differ, the first is {odd[0]})")
    network.load_state_dict(found)
