"""TorchScript: a trace that libtorch runs without Python; deprecated by torch, and read by ImageJ, QuPath and icy."""

from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.registry.export.spec import FORMATS, Format, NetworkFile
from cellarena.registry.export.torch_export import quiet

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Portable, Runner


def write(portable: "Portable", path: Path) -> None:
    """Write a trace of the network at its tile's size; a ValueError if it cannot be traced."""
    import torch

    with quiet(), torch.no_grad():
        try:
            traced = torch.jit.trace(portable.network, portable.example(1, *portable.tiles.size), check_trace=False)
        except RuntimeError as error:
            said = " ".join(str(error).split())[:300]
            raise ValueError(f"{portable.title} cannot be written as TorchScript ({said})") from error
        torch.jit.save(traced, str(path))


def load(path: Path) -> "Runner":
    """Return the network in a file that `write` wrote."""
    import torch

    from cellarena.registry.export.portable import runner_of

    with quiet():
        return runner_of(torch.jit.load(str(path), map_location="cpu"))


TORCHSCRIPT = NetworkFile("model.pt", write, load, "model = torch.jit.load('model.pt'); output = model(pixels)")
FORMATS.register("torchscript")(Format(TORCHSCRIPT.export))
