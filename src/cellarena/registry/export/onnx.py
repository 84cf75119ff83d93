"""ONNX: the network for onnxruntime and all that reads it."""

import contextlib
import io
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.registry.export.spec import FORMATS, Format, NetworkFile

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Pixels, Portable, Runner

OPSET = 20
INPUT, OUTPUT = "image", "activated"


def write(portable: "Portable", path: Path) -> None:
    """Write the network, its weights in the same file; a ValueError if it cannot be exported."""
    import torch

    from cellarena.registry.export.torch_export import program_of, quiet

    program = program_of(portable)
    with quiet(), contextlib.redirect_stdout(io.StringIO()):
        try:
            converted = torch.onnx.export(
                program, dynamo=True, verbose=False, input_names=[INPUT], output_names=[OUTPUT], opset_version=OPSET,
                external_data=False,
            )  # fmt: skip
        except Exception as error:  # torch raises a dozen kinds where an operation has no translation
            said = " ".join(str(error).split())[:300]
            raise ValueError(f"{portable.title} cannot be written as ONNX ({said})") from error
        assert converted is not None  # as dynamo's exporter returns a program
        for node in converted.model.graph.all_nodes():
            # The places in the source that it comes from, paths of this machine among them.
            node.metadata_props.clear()
        converted.save(str(path), external_data=False)


def load(path: Path) -> "Runner":
    """Return the network in a file that `write` wrote, run by onnxruntime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads, options.log_severity_level = 1, 1, 4
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def run(pixels: "Pixels") -> "Pixels":
        (output,) = session.run([OUTPUT], {INPUT: pixels})
        return output

    return run


ONNX = NetworkFile(
    "model.onnx", write, load,
    "session = onnxruntime.InferenceSession('model.onnx'); "
    f"output, = session.run(['{OUTPUT}'], {{'{INPUT}': pixels}})",
)  # fmt: skip
FORMATS.register("onnx")(Format(ONNX.export, libraries=("onnx", "onnxscript", "onnxruntime")))
