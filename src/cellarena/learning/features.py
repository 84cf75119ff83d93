"""Features of image crops: what the deepest level of a trained network makes of them, pooled over space."""

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from cellarena.images.intensity import NORMALISATIONS
from cellarena.learning.checkpoints import Model

_PROBES = 2


class Encoder:
    """The part of a trained network from its input to its coarsest feature maps.

    Those are the last maps (B, C, h, w) of the smallest area above one pixel that any of the network's modules puts
    out, whatever its architecture is.

    Args:
        model: as loaded from a checkpoint; its normalisation is applied to each crop on its own.
        size: height and width of the crops in pixels, as the network takes them.

    Raises:
        ValueError: if no module of the network puts out such maps.
    """

    def __init__(self, model: Model, size: tuple[int, int]) -> None:
        self._network = model.network
        self._normalise = NORMALISATIONS[model.hyperparameters.normalisation]
        self.size = size
        self._deepest = _deepest(self._network, size)

    def features(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float64]:
        """Return mean and standard deviation over space of each of the coarsest maps.

        Args:
            crops: (n, height, width, 3), n at least 1.

        Returns:
            (n, 2 C).

        Raises:
            ValueError: if the crops are of another size.
        """
        if crops.shape[1:3] != self.size:
            raise ValueError(f"crops are {crops.shape[1:3]}, the encoder was made for {self.size}")
        pixels = np.stack([self._normalise(crop)(crop.astype(np.float32)) for crop in crops])
        device = next(self._network.parameters()).device
        maps = _outputs(self._network, self._deepest, torch.from_numpy(np.moveaxis(pixels, -1, 1).copy()).to(device))
        pooled = torch.cat([maps.mean(dim=(2, 3)), maps.std(dim=(2, 3), correction=0)], dim=1)
        return pooled.double().cpu().numpy()


def _deepest(network: nn.Module, size: tuple[int, int]) -> nn.Module:
    found: list[tuple[int, nn.Module]] = []

    def note(module: nn.Module, _: object, output: object) -> None:
        # A recurrent network may stack its time steps on the first axis; those are no maps of one crop each.
        if isinstance(output, Tensor) and output.ndim == 4 and len(output) == _PROBES:
            found.append((output.shape[2] * output.shape[3], module))

    hooks = [module.register_forward_hook(note) for module in network.modules()]
    try:
        with torch.inference_mode():
            network(torch.zeros(_PROBES, 3, *size, device=next(network.parameters()).device))
    finally:
        for hook in hooks:
            hook.remove()
    areas = [area for area, _ in found if area > 1]
    if not areas:
        raise ValueError("the network has no feature maps of more than one pixel; choose another first model")
    return [module for area, module in found if area == min(areas)][-1]


def _outputs(network: nn.Module, module: nn.Module, batch: Tensor) -> Tensor:
    """Return what a module of a network last put out for a batch."""
    kept: list[Tensor] = []
    hook = module.register_forward_hook(lambda _module, _inputs, output: kept.append(output))
    try:
        with torch.inference_mode():
            network(batch)
    finally:
        hook.remove()
    return kept[-1].float()
