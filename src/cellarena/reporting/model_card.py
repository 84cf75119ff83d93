"""The model card of a package: what a stranger must know before using the model, as Markdown."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from cellarena.reporting.document import Document, Notes, Section, ShownTable, Text
from cellarena.reporting.markdown import render_markdown
from cellarena.reporting.tables import other_table

_USE = (
    "Segment images with: cellarena segment IMAGES --release NAME@VERSION. Images of any bit depth are stretched "
    "between the percentiles below; objects come out as a label image, in which 0 is background."
)


def model_card(
    package: Mapping[str, Any], cards: Iterable[Mapping[str, Any]], by_modality: Mapping[str, tuple[float, int]]
) -> str:
    """Return the card of a package.

    Args:
        package: content of its package.json, of which `files` is not needed.
        cards: content of the model.json of the model, or of an ensemble and its members.
        by_modality: mean F1 and number of images of each modality of the test subset.
    """
    sections = [
        Section("What it is", [Text(f"{package['run']}: {package['variant']}."), Text(_USE)]),
        Section("How good it is", _score(package["score"], by_modality)),
        Section("What it learnt from", _data(package["data"])),
        Section("Licence", _licence(package["licence"])),
        *(Section(title, [_settings(card, title)]) for card in cards if (title := f"Settings of {card['run']}")),
        Section("Limits", [Notes(_LIMITS)]),
    ]
    return render_markdown(Document(f"Model card: {package['run']}", [], sections))


_LIMITS = (
    "The score holds for images like those of the test subset; other cells, stains and microscopes are not covered.",
    "The interval concerns these weights on other images; another training of the same model scores otherwise.",
    "Objects that touch the outer two pixels of an image are left out of the score on both sides.",
    "It was made for research, not for diagnosis.",
)


def _score(score: Mapping[str, Any], by_modality: Mapping[str, tuple[float, int]]) -> list[Text | ShownTable]:
    covered = f"{score['n_covered']} of {score['n_expected']} test images were scored (protocol {score['protocol']})."
    if score["mean"] is None:
        return [Text(f"It was not scored; {covered}")]
    interval = "" if score["low"] is None else f" [{score['low']:.3f}, {score['high']:.3f}]"
    rows = [[name, mean, n_images] for name, (mean, n_images) in sorted(by_modality.items())]
    return [
        Text(f"Mean F1 at IoU 0.5 is {score['mean']:.3f}{interval}; {covered}"),
        _table("F1 by modality", ["modality", "F1", "images"], rows),
    ]


def _data(data: Mapping[str, Any]) -> list[Text | ShownTable]:
    rows = [[name, data["n_images"][name], sha256] for name, sha256 in data["subsets"].items()]
    return [
        Text(f"Source: {data['source']}."),
        _table("Manifests", ["manifest", "images", "sha256 of the manifest"], rows),
    ]


def _licence(licence: Mapping[str, Any]) -> list[Text | ShownTable]:
    use = (
        "Commercial use is excluded."
        if licence["is_non_commercial"]
        else "Nothing that is known excludes commercial use."
    )
    rows = [[parent, name] for parent, name in licence["parents"].items()]
    return [
        Text(f"{licence['name']}. {use} It follows from what the model was made from:"),
        _table("Licences of its parents", ["made from", "licence"], rows),
    ]


def _settings(card: Mapping[str, Any], title: str) -> ShownTable:
    rows = [[name, _plain(value)] for name, value in sorted(_dotted(card))]
    return _table(title, ["setting", "value"], rows)


def _table(title: str, columns: list[str], rows: list[list[Any]]) -> ShownTable:
    return ShownTable(title, other_table(pd.DataFrame(rows, columns=columns)))


def _dotted(content: Mapping[str, Any], above: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in content.items():
        if isinstance(value, Mapping):
            yield from _dotted(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
