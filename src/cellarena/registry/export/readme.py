"""What stands beside an exported network: how an image must be prepared, and how objects come out."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from cellarena.files import write_bytes

if TYPE_CHECKING:
    from cellarena.registry.export.portable import Portable
    from cellarena.registry.export.proof import Proof

_NORMALISATIONS = {
    "unit": "divide by 255",
    "z_score": "from each channel of the whole image subtract its mean and divide by its standard deviation (at least "
    "1e-8)",
    "z_score_nonzero": "from each channel subtract the mean and divide by the standard deviation (at least 1e-8) of "
    "the image's pixels that are not black; black pixels stay 0",
}


def write_readme(portable: "Portable", proof: "Proof", file: str, usage: str, folder: Path) -> None:
    """Write README.md, and settings.json with the same numbers for programs, beside a file and what was found of it.

    `usage` is a line of Python that runs the network on `pixels`.
    """
    model = portable.model
    settings = {
        "percentiles": model.card.get("normalisation", {}), "normalisation": model.hyperparameters.normalisation,
        "target": model.card["target"], "decoding": model.target.model_dump(mode="json"),
        "channels": portable.target.channels, "multiple": portable.multiple, "tile": portable.tiles.size,
        "any_size": proof.any_size,
    }  # fmt: skip
    content = json.dumps(settings, indent=2, sort_keys=True, allow_nan=False)
    write_bytes(content.encode() + b"\n", folder / "settings.json")
    lines = [
        f"# {portable.title}",
        "",
        f"{portable.package.variant}. Licence: {portable.package.licence.name}.",
        "",
        f"`{file}`: {proof}.",
        "",
        *how_to_use(portable, proof.any_size, usage),
    ]
    write_bytes("\n".join(lines).encode() + b"\n", folder / "README.md")


def how_to_use(portable: "Portable", any_size: bool, usage: str) -> list[str]:
    """Return the lines of Markdown that say how to normalise, tile and decode."""
    height, width = portable.tiles.size
    stretch = portable.model.card.get("normalisation", {})
    sizes = (
        f"any height and width that are multiples of {portable.multiple}; it learnt on crops, and the project itself "
        f"shows it tiles of {height} x {width}"
        if any_size
        else f"one image of {height} x {width} at a time, no other size"
    )
    channels = ", ".join(f"{i} {name}" for i, name in enumerate(portable.target.channels))
    decoding = ", ".join(f"{name} {value:g}" for name, value in sorted(portable.target.model_dump().items()))
    return [
        "## Use",
        "",
        "1. Stretch each channel of the image between its percentiles "
        f"{stretch.get('low', 1):g} and {stretch.get('high', 99):g} to 0..255 and round; repeat a grey image in all "
        "three channels (red, green, blue).",
        f"2. Normalise: {_NORMALISATIONS[portable.tiles.normalisation]}.",
        f"3. Bring it into the shape (batch, 3, height, width), float32. The network takes {sizes}. Mirror what is "
        f"smaller; cover what is larger with tiles that overlap by a quarter, and average their outputs with Gaussian "
        "weights (deviation: an eighth of the tile).",
        f"4. Run it: `{usage}`.",
        f"5. The output is activated: no softmax is missing. Its channels are {channels}.",
        f"6. Objects: {_decoding_of(portable)} (`cellarena.targets`, target `{portable.model.card['target']}`: "
        f"{decoding}).",
        "",
    ]


def _decoding_of(portable: "Portable") -> str:
    """Return the first sentence of what decodes the target."""
    said = (type(portable.target).decode.__doc__ or "").strip().splitlines()[0].rstrip(".")
    return said.removeprefix("Return ")
