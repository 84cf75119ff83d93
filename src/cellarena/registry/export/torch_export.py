"""torch.export: the network as a graph that later versions of torch load and compile."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellarena.registry.export.spec import FORMATS, Format

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Pixels, Portable, Runner

FILE = "model.pt2"


def program_of(portable: "Portable") -> Any:
    """Return the network as a torch.export.ExportedProgram: for any size that fits, or where that fails for its tile.

    Raises:
        ValueError: if it cannot be exported at all.
    """
    from cellarena.registry.export.proof import takes_any_size

    with quiet():
        try:
            flexible = _flexible(portable)
            own = portable.example(1, *portable.tiles.size).numpy()
            runner_of(flexible)(own)
            if takes_any_size(portable, runner_of(flexible)):
                return flexible
        except Exception as error:  # noqa: BLE001  # torch raises a dozen kinds where a size steers the network
            logging.getLogger(__name__).debug("no export for any size: %s", error)
        try:
            return _fixed(portable)
        except Exception as error:
            said = " ".join(str(error).split())[:300]
            raise ValueError(f"{portable.title} cannot be exported by torch.export ({said})") from error


def _flexible(portable: "Portable") -> Any:
    """The example has another shape than the tile, so that nothing of the tile's size is taken for a constant."""
    import torch

    step = portable.multiple
    n_images, rows, columns = (torch.export.Dim(name, min=1, max=1024) for name in ("n_images", "rows", "columns"))
    shapes = ({0: n_images, 2: step * rows, 3: step * columns},)
    return torch.export.export(portable.network, (portable.example(2, 3 * step, 5 * step),), dynamic_shapes=shapes)


def _fixed(portable: "Portable") -> Any:
    import torch

    return torch.export.export(portable.network, (portable.example(1, *portable.tiles.size),))


def runner_of(program: Any) -> "Runner":
    """Return an exported program as what segments tiles."""
    import torch

    module = program.module()

    def run(pixels: "Pixels") -> "Pixels":
        with torch.inference_mode():
            output: Pixels = module(torch.from_numpy(pixels)).numpy()
        return output

    return run


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what torch says to its own developers."""
    loggers = [logging.getLogger(name) for name in ("torch.export", "torch.onnx", "torch._dynamo", "onnxscript")]
    levels = [logger.level for logger in loggers]
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def write(program: Any, path: Path) -> None:
    """Write a program without the places in the source that its nodes come from: they are paths of this machine."""
    import torch

    with quiet():
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)
        torch.export.save(program, str(path))


def load(path: Path) -> "Runner":
    """Return the network in a file that `write` wrote."""
    import torch

    with quiet():
        return runner_of(torch.export.load(str(path)))


def export(portable: "Portable", folder: Path) -> list[str]:
    """Write model.pt2 and its README; see `Format`."""
    from cellarena.registry.export.proof import prove
    from cellarena.registry.export.readme import write_readme

    write(program_of(portable), folder / FILE)
    proof = prove(portable, load(folder / FILE), FILE)
    usage = "model = torch.export.load('model.pt2').module(); output = model(pixels)"
    write_readme(portable, proof, FILE, usage, folder)
    return [f"{FILE}: {proof}"]


FORMATS.register("torch-export")(Format(export))
