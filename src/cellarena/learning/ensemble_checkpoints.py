"""An ensemble's checkpoint: a card alone, which names the members' weights by their hashes; they lie beside it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from cellarena.cards import reading
from cellarena.faults import IntegrityError
from cellarena.learning.checkpoints import Model, load_model
from cellarena.learning.ensemble import ScaledMean
from cellarena.learning.recipe import Inference
from cellarena.models.ensembles import ENSEMBLES, Ensembling
from cellarena.records import Run
from cellarena.targets.spec import TARGETS, Target


@dataclass(frozen=True)
class Ensemble:
    """What an ensemble's checkpoint stands for.

    Attributes:
        members: by run.
        settings: how the members see an image.
        target: how their mean becomes labels.
    """

    members: Mapping[str, Model]
    settings: Ensembling
    target: Target

    @property
    def variant(self) -> str:
        """What it is, in a few words."""
        scales = ", ".join(f"{scale:g}" for scale in self.settings.scales)
        return f"mean of {' and '.join(model.card['model'] for model in self.members.values())} at scales {scales}"

    def segmenter(self, settings: Inference) -> ScaledMean:
        """Return the members together as what segments images under these settings."""
        networks = [model.segmenter(settings) for model in self.members.values()]
        return ScaledMean(networks, self.target, self.settings.scales)


class _Card(Ensembling):
    """The part of an ensemble's model.json that it is loaded by."""

    model_config = ConfigDict(extra="ignore")

    # A run's name is that of a folder; what could lead out of the folder of checkpoints is none.
    members: dict[Annotated[str, Field(pattern="^[a-z0-9_]+-[a-z0-9_]+-[0-9]+$")], str] = Field(min_length=1)


def gathered(run: Run, settings: Ensembling, target: Target, checkpoints: Path, device: str) -> Ensemble:
    """Return the ensemble of a run from the checkpoints of its members: those of the same arm and seed.

    Args:
        run: its model is the ensemble's name.
        settings: how the members see an image.
        target: what they learnt; how their mean becomes labels.
        checkpoints: the folder of all checkpoint folders.
        device: torch's name of it.

    Raises:
        FileNotFoundError: if a member was not trained.
        ValueError: if there is no such ensemble, a checkpoint is damaged, or a member learnt another target.
    """
    runs = [str(Run(member, run.arm, run.seed)) for member in ENSEMBLES[run.model].members]
    members = {name: load_model(checkpoints / name, device) for name in runs}
    _refuse_others(members, target, checkpoints)
    return Ensemble(members, settings, target)


def card_of(ensemble: Ensemble, run: Run, target: Target, score: float, checkpoints: Path) -> dict[str, Any]:
    """Return the content of an ensemble's model.json.

    Args:
        ensemble: to be described.
        run: its model is the ensemble's name.
        target: with the settings of decoding that were tuned.
        score: the validation score that they reach.
        checkpoints: the folder of all checkpoint folders.
    """
    return {
        "run": str(run),
        "model": run.model,
        "members": {name: _hash(checkpoints, name) for name in ensemble.members},
        "scales": ensemble.settings.scales,
        "target": next(iter(ensemble.members.values())).card["target"],
        "decoding": target.model_dump(mode="json"),
        "validation": {"f1_tuned": round(score, 6)},
    }


def load_checkpoint(folder: Path, device: str) -> Model | Ensemble:
    """Return what a checkpoint folder holds, a network or an ensemble; its members lie in folders beside it.

    Raises:
        FileNotFoundError: if a file is missing, of a member too.
        ValueError: if a file is damaged, or a member learnt another target than the ensemble.
        IntegrityError: if a member's weights are not those that the ensemble was made from.
    """
    with reading(folder / "model.json") as card:
        together = card["model"] in ENSEMBLES
    return _load_ensemble(folder, device) if together else load_model(folder, device)


def _load_ensemble(folder: Path, device: str) -> Ensemble:
    with reading(folder / "model.json") as content:
        card = _Card.model_validate(content)
        target = TARGETS[content["target"]].model_validate(content["decoding"])
    for name, sha256 in card.members.items():
        _refuse_changed(folder, name, sha256)
    members = {name: load_model(folder.parent / name, device) for name in sorted(card.members)}
    _refuse_others(members, target, folder.parent)
    return Ensemble(members, Ensembling(scales=card.scales), target)


def _hash(checkpoints: Path, name: str) -> str:
    path = checkpoints / name / "model.safetensors"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; run `dvc repro` or `dvc pull`")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_changed(folder: Path, name: str, sha256: str) -> None:
    if (found := _hash(folder.parent, name)) != sha256:
        raise IntegrityError(
            f"{folder.parent / name / 'model.safetensors'}: sha256 is {found}, {folder.name} was made with {sha256}; "
            "run `dvc checkout`, or `dvc repro` to make the ensemble anew"
        )


def _refuse_others(members: Mapping[str, Model], target: Target, checkpoints: Path) -> None:
    """Outputs of networks that learnt different things have no mean."""
    for name, model in members.items():
        if _taught(model.target) != _taught(target):
            raise ValueError(
                f"{checkpoints / name / 'model.json'}: the member learnt {model.target!r}, the ensemble decodes "
                f"{target!r}; run `dvc repro`"
            )


def _taught(target: Target) -> tuple[type[Target], dict[str, Any]]:
    """Return a target without the settings that are tuned for every network anew."""
    return type(target), target.model_dump(exclude=set(target.choices))
