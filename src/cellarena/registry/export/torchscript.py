"""TorchScript: a trace that libtorch runs without Python; deprecated by torch, and read by ImageJ, QuPath and icy."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.registry.export.spec import FORMATS, Format

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Pixels, Portable, Runner

FILE = "model.pt"


def write(portable: "Portable", path: Path) -> None:
    """Write a trace of the network at its tile's size.

    Raises:
        ValueError: if it cannot be traced.
    """
    import torch

    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        try:
            traced = torch.jit.trace(portable.network, portable.example(1, *portable.tiles.size), check_trace=False)
        except RuntimeError as error:
            said = " ".join(str(error).split())[:300]
            raise ValueError(f"{portable.title} cannot be written as TorchScript ({said})") from error
        torch.jit.save(traced, str(path))


def load(path: Path) -> "Runner":
    """Return the network in a file that `write` wrote."""
    import torch

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(path), map_location="cpu")

    def run(pixels: "Pixels") -> "Pixels":
        with torch.inference_mode():
            output: Pixels = module(torch.from_numpy(pixels)).numpy()
        return output

    return run


def export(portable: "Portable", folder: Path) -> list[str]:
    """Write model.pt and its README; see `Format`."""
    from cellarena.registry.export.proof import prove
    from cellarena.registry.export.readme import write_readme

    write(portable, folder / FILE)
    proof = prove(portable, load(folder / FILE), FILE)
    write_readme(portable, proof, FILE, "model = torch.jit.load('model.pt'); output = model(pixels)", folder)
    return [f"{FILE}: {proof}"]


FORMATS.register("torchscript")(Format(export))
