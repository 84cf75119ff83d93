"""bioimage.io: a model package of the collection's format 0.5, with TorchScript and ONNX weights."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import yaml

from cellarena.files import write_bytes
from cellarena.images.io import file_sha256, read_image, write_png
from cellarena.registry.export.onnx import INPUT, ONNX, OPSET, OUTPUT
from cellarena.registry.export.spec import FORMATS, Format
from cellarena.registry.export.torchscript import TORCHSCRIPT
from cellarena.registry.packages.proof import VALIDATION

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Pixels, Portable
    from cellarena.registry.export.proof import Proof

FILE = "bioimageio.yaml"
_INPUT, _OUTPUT = "test_input.npy", "test_output.npy"


def export(portable: "Portable", folder: Path) -> list[str]:
    """Write and prove weights, test tensors, covers, README and the description; see `Format`.

    Raises:
        ValueError: if the package holds no validation crop, or the description is not valid.
        IntegrityError: if weights are not the network.
    """
    proofs = {weights.name: weights.proved(portable, folder) for weights in (TORCHSCRIPT, ONNX)}
    _write_tensors(portable, folder)
    _write_documents(portable, proofs, folder)
    content = yaml.safe_dump(description(portable, proofs, folder), sort_keys=False, allow_unicode=True)
    write_bytes(content.encode(), folder / FILE)
    refuse_invalid(folder / FILE)
    return [*(f"{name}: {proof}" for name, proof in proofs.items()), f"{FILE}: valid by bioimageio.spec"]


def refuse_invalid(path: Path) -> None:
    """Raise a ValueError unless bioimageio.spec finds a description valid, the files that it names included."""
    from bioimageio.spec import InvalidDescr, load_description
    from loguru import logger

    logger.disable("bioimageio")
    described = load_description(path, format_version="latest", perform_io_checks=True)
    if isinstance(described, InvalidDescr):
        details = described.validation_summary.details
        faults = [f"{'.'.join(map(str, error.loc))}: {error.msg}" for detail in details for error in detail.errors]
        raise ValueError(f"{path.name}: not valid: {' '.join('; '.join(faults[:3]).split())}")


def _write_tensors(portable: "Portable", folder: Path) -> None:
    """Write 8-bit pixels of a validation crop as float32, and what the network puts out for them."""
    from cellarena.images.intensity import NORMALISATIONS

    shown, _ = _largest_crop(portable)
    height, width = portable.tiles.size
    missing = [(0, max(0, side - n)) for side, n in zip((height, width), shown.shape, strict=False)]
    image = np.pad(shown, [*missing, (0, 0)], mode="symmetric")[:height, :width]
    pixels = NORMALISATIONS[portable.tiles.normalisation](image)(image.astype(np.float32))
    np.save(folder / _INPUT, _batch(image.astype(np.float32)))
    np.save(folder / _OUTPUT, portable.run(_batch(pixels)))


def _batch(pixels: "Pixels") -> "Pixels":
    return np.ascontiguousarray(np.moveaxis(pixels, -1, 0)[None])


def _write_documents(portable: "Portable", proofs: "dict[str, Proof]", folder: Path) -> None:
    from cellarena.registry.export.cover import cover
    from cellarena.registry.export.readme import write_readme

    image, labels = _largest_crop(portable)
    write_png(cover(image, labels), folder / "cover.png")
    usage = "bioimageio.core.predict(model='bioimageio.yaml', inputs=...)"
    write_readme(portable, proofs[TORCHSCRIPT.name], TORCHSCRIPT.name, usage, folder)
    card = (portable.folder / "README.md").read_text(encoding="utf-8")
    validation = (
        "## Validation\n\nCompare predicted label images with annotated ones, object by object, at an IoU of 0.5, as "
        f"`cellarena evaluate` does. So it reached a mean F1 of {portable.package.score.mean} on "
        f"{portable.package.score.n_covered} test images; `scores.csv` of its package has each.\n\n"
    )
    preparation = (
        "In this package the normalisation of step 2 is declared as preprocessing: hand over the 8-bit values of step "
        "1 as float32.\n\n"
    )
    use = (folder / "README.md").read_text(encoding="utf-8")
    write_bytes(f"{use}{preparation}{validation}{card}".encode(), folder / "README.md")
    if not _is_single(portable.package.licence.name):
        parents = "".join(f"- {what}: {licence}\n" for what, licence in portable.package.licence.parents.items())
        text = f"Licence: {portable.package.licence.name}\n\nIt follows from what the model was made from:\n\n{parents}"
        write_bytes(text.encode(), folder / "LICENCE.txt")


def _largest_crop(portable: "Portable") -> tuple[Any, Any]:
    """Return the validation crop with the most objects, and its label image."""
    paths = sorted((portable.folder / VALIDATION).glob("*.png"))
    if not paths:
        raise ValueError(f"{portable.folder / VALIDATION}: holds no crop, which a bioimage.io package shows; pack anew")
    labelled = [(read_image(path), read_image(path.with_suffix(".tiff"))) for path in paths]
    return max(labelled, key=lambda pair: int(pair[1].max()))


def _is_single(licence: str) -> bool:
    """Return whether bioimage.io takes a licence by its name: one of SPDX, no expression and no reference."""
    from cellarena.registry.foreign.origin import checked_licence

    try:
        return " " not in checked_licence(licence) and not licence.startswith("LicenseRef-")
    except ValueError:
        return False


def description(portable: "Portable", proofs: "dict[str, Proof]", folder: Path) -> dict[str, Any]:
    """Return the content of bioimageio.yaml, format 0.5; the files that it names lie in the folder.

    What weights take is what both take: of any size only if both do.
    """
    import torch

    from cellarena.models.spec import MODELS

    any_size = all(proof.any_size for proof in proofs.values())
    cite = MODELS[portable.model.card["model"]].cite
    licence = portable.package.licence.name
    return {
        "type": "model",
        "format_version": "0.5.4",
        "name": _name(portable),
        "description": f"Cell segmentation by {portable.model.card['model']} ({portable.package.variant}). "
        "Its README says how objects come out.",
        **({"version": portable.called.version.removeprefix("v")} if portable.called.version else {}),
        "authors": [{"name": name} for name in portable.called.authors],
        "license": licence if _is_single(licence) else _file(folder, "LICENCE.txt"),
        "cite": [{"text": cite.text, "doi": cite.doi}],
        "documentation": _file(folder, "README.md"),
        "covers": [_file(folder, "cover.png")],
        "attachments": [_file(folder, "settings.json")],
        "tags": ["instance-segmentation", "cells", "2d", "pytorch", "cellarena", portable.model.card["model"]],
        "timestamp": portable.called.created.isoformat(),
        "inputs": [_input(portable, any_size, folder)],
        "outputs": [_output(portable, any_size, folder)],
        "weights": {
            "torchscript": {**_file(folder, TORCHSCRIPT.name), "pytorch_version": torch.__version__.partition("+")[0]},
            "onnx": {**_file(folder, ONNX.name), "opset_version": OPSET, "parent": "torchscript"},
        },
    }


def _name(portable: "Portable") -> str:
    """Return a name of the letters that the format allows, at least five."""
    whole = f"cellarena {portable.title}".replace("_", " ")
    return "".join(c if c.isalnum() or c in "+- ()" else "-" for c in whole)[:64]


def _file(folder: Path, name: str) -> dict[str, str]:
    return {"source": name, "sha256": file_sha256(folder / name)}


def _axes(any_size: bool, channels: tuple[str, ...], sizes: dict[str, Any]) -> list[Any]:
    return [
        {"type": "batch"} if any_size else {"type": "batch", "size": 1},
        {"type": "channel", "channel_names": list(channels)},
        *({"type": "space", "id": axis, "size": size} for axis, size in sizes.items()),
    ]


def _input(portable: "Portable", any_size: bool, folder: Path) -> dict[str, Any]:
    step = portable.multiple
    sizes: dict[str, Any] = dict(zip("yx", portable.tiles.size, strict=True))
    if any_size:
        sizes = {axis: {"min": step, "step": step} for axis in "yx"}
    return {
        "id": INPUT,
        "description": "8-bit RGB as float32, each channel stretched between the percentiles that the README names",
        "axes": _axes(any_size, ("red", "green", "blue"), sizes),
        "data": {"type": "float32", "range": [0, 255]},
        "preprocessing": [{"id": "ensure_dtype", "kwargs": {"dtype": "float32"}}, *_preprocessing(portable)],
        "test_tensor": _file(folder, _INPUT),
    }


def _preprocessing(portable: "Portable") -> list[dict[str, Any]]:
    """Return the normalisation in the format's terms; a ValueError if it has none for it."""
    rule = portable.tiles.normalisation
    if rule == "unit":
        return [{"id": "scale_linear", "kwargs": {"gain": 1 / 255, "offset": 0.0}}]
    if rule == "z_score":
        return [{"id": "zero_mean_unit_variance", "kwargs": {"axes": ["y", "x"], "eps": 1e-8}}]
    raise ValueError(
        f"{portable.title}: bioimage.io has no preprocessing that leaves out black pixels ({rule}); export it as onnx "
        "or torchscript, whose README says how to normalise"
    )


def _output(portable: "Portable", any_size: bool, folder: Path) -> dict[str, Any]:
    sizes: dict[str, Any] = dict(zip("yx", portable.tiles.size, strict=True))
    if any_size:
        sizes = {axis: {"tensor_id": INPUT, "axis_id": axis} for axis in "yx"}
    return {
        "id": OUTPUT,
        "description": "Activated output: probabilities, and a distance where a channel is called so",
        "axes": _axes(any_size, portable.target.channels, sizes),
        "data": {"type": "float32", "range": [0, 1]},
        "test_tensor": _file(folder, _OUTPUT),
    }


FORMATS.register("bioimageio")(
    Format(export, libraries=("onnx", "onnxscript", "onnxruntime", "bioimageio.spec"), is_archive=True)
)
