"""torch.export: the network as a graph that later versions of torch load and compile."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cellarena.registry.export.spec import FORMATS, Format, NetworkFile

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Portable, Runner


def program_of(portable: "Portable") -> Any:
    """Return the network as a torch.export.ExportedProgram: for any size that fits, or where that fails for its tile.

    Raises:
        ValueError: if it cannot be exported at all.
    """
    import torch

    from cellarena.registry.export.portable import runner_of
    from cellarena.registry.export.proof import takes_any_size

    with quiet():
        try:
            flexible = _flexible(portable)
            runner = runner_of(flexible.module())
            runner(portable.example(1, *portable.tiles.size).numpy())
            if takes_any_size(portable, runner):
                return flexible
        except Exception as error:  # noqa: BLE001  # torch raises a dozen kinds where a size steers the network
            logging.getLogger(__name__).debug("no export for any size: %s", error)
        try:
            return torch.export.export(portable.network, (portable.example(1, *portable.tiles.size),))
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


@contextmanager
def quiet() -> Iterator[None]:
    """Silence what torch says to its own developers."""
    loggers = [logging.getLogger(name) for name in ("torch.export", "torch.onnx", "torch._dynamo", "onnxscript")]
    levels = {logger: logger.level for logger in loggers}
    try:
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in levels.items():
            logger.setLevel(level)


def write(portable: "Portable", path: Path) -> None:
    """Write the network without the places in the source that its nodes come from: they are paths of this machine."""
    import torch

    program = program_of(portable)
    with quiet():
        for node in program.graph.nodes:
            node.meta.pop("stack_trace", None)
        torch.export.save(program, str(path))


def load(path: Path) -> "Runner":
    """Return the network in a file that `write` wrote."""
    import torch

    from cellarena.registry.export.portable import runner_of

    with quiet():
        return runner_of(torch.export.load(str(path)).module())


TORCH_EXPORT = NetworkFile(
    "model.pt2", write, load, "model = torch.export.load('model.pt2').module(); output = model(pixels)"
)
FORMATS.register("torch-export")(Format(TORCH_EXPORT.export))
