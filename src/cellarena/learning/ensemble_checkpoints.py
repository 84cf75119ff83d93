"""An ensemble's checkpoint: a card, which names the members' weights by their hashes, and the members' checkpoints."""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from cellarena.cards import reading, write_card
from cellarena.faults import IntegrityError
from cellarena.learning.checkpoints import Model, load_model
from cellarena.learning.ensemble import ScaledMean
from cellarena.learning.method_checkpoints import Method, load_method
from cellarena.learning.recipe import Inference
from cellarena.methods.spec import METHODS
from cellarena.models.ensembles import Ensembling
from cellarena.records import Run
from cellarena.section import Section
from cellarena.targets.spec import TARGETS, Target


@dataclass(frozen=True)
class Ensemble:
    """What an ensemble's checkpoint stands for.

    Attributes:
        members: by run.
        scales: what height and width of an image are multiplied by before the members see it.
        target: how their mean becomes labels.
    """

    members: Mapping[str, Model]
    scales: Sequence[float]
    target: Target

    @property
    def variant(self) -> str:
        """What it is, in a few words."""
        scales = ", ".join(f"{scale:g}" for scale in self.scales)
        return f"mean of {' and '.join(model.card['model'] for model in self.members.values())} at scales {scales}"

    @property
    def normalisations(self) -> list[Any]:
        """How the images were stretched that each member learnt from."""
        return [model.card.get("normalisation") for model in self.members.values()]

    def segmenter(self, settings: Inference) -> ScaledMean:
        """Return the members together as what segments images under these settings."""
        networks = [model.segmenter(settings) for model in self.members.values()]
        return ScaledMean(networks, self.target, self.scales)


class _Card(Section, extra="ignore"):
    """The part of an ensemble's model.json that it is loaded by."""

    model: str

    scales: list[Annotated[float, Field(ge=0.25, le=4)]] = Field(min_length=1)
    # A run's name is that of a folder; what could lead out of the checkpoint is none.
    members: dict[Annotated[str, Field(pattern="^[a-z0-9_]+-[a-z0-9_]+-[0-9]+$")], str] = Field(min_length=1)


def gathered(run: Run, settings: Ensembling, target: Target, checkpoints: Path, device: str) -> Ensemble:
    """Return the ensemble of a run from the checkpoints of its members: those of the same arm and seed.

    Args:
        run: its model is the ensemble's name.
        settings: who the members are, and how they see an image.
        target: what they learnt; how their mean becomes labels.
        checkpoints: the folder of all checkpoint folders.
        device: torch's name of it.

    Raises:
        FileNotFoundError: if a member was not trained.
        ValueError: if a checkpoint is damaged, or a member learnt another target.
    """
    runs = [str(Run(member, run.arm, run.seed)) for member in settings.members]
    members = {name: load_model(checkpoints / name, device) for name in runs}
    _refuse_others(members, target, checkpoints)
    return Ensemble(members, settings.scales, target)


def write_ensemble(ensemble: Ensemble, run: Run, target: Target, score: float, checkpoints: Path, folder: Path) -> None:
    """Write an ensemble's checkpoint: its card, and what its members are loaded from.

    Args:
        ensemble: to be written.
        run: its model is the ensemble's name.
        target: with the settings of decoding that were tuned.
        score: the validation score that they reach.
        checkpoints: the folder of the members' checkpoint folders.
        folder: to write into.
    """
    for name in ensemble.members:
        (folder / name).mkdir()
        for file in ("model.json", "model.safetensors"):
            shutil.copyfile(checkpoints / name / file, folder / name / file)
    card = {
        "run": str(run),
        "model": run.model,
        "members": {name: _hash(folder / name) for name in ensemble.members},
        "scales": list(ensemble.scales),
        "target": next(iter(ensemble.members.values())).card["target"],
        "decoding": target.model_dump(mode="json"),
        "validation": {"f1_tuned": round(score, 6)},
    }
    write_card(card, folder / "model.json")


def load_checkpoint(folder: Path, device: str) -> Model | Ensemble | Method:
    """Return what a checkpoint folder holds: a network, an ensemble, or a method without training.

    Raises:
        FileNotFoundError: if a file is missing, of a member too.
        ValueError: if a file is damaged, or a member learnt another target than the ensemble.
        IntegrityError: if a member's weights are not those that the ensemble was made from.
    """
    with reading(folder / "model.json") as card:
        unlearnt = METHODS.bears(card["model"])
    return load_method(folder) if unlearnt else load_networks(folder, device)


def load_networks(folder: Path, device: str) -> Model | Ensemble:
    """Return what `load_checkpoint` does of a network or an ensemble."""
    with reading(folder / "model.json") as card:
        together = "members" in card
    return _load_ensemble(folder, device) if together else load_model(folder, device)


def member_folders(folder: Path, card: Mapping[str, Any]) -> list[Path]:
    """Return where an ensemble's members lie, given its checkpoint folder and card; [] for what is no ensemble.

    They lie in it, and beside it in what was packed before ensembles held their members.
    """
    names = sorted(card.get("members", ()))
    return [folder / name if (folder / name).is_dir() else folder.parent / name for name in names]


def _load_ensemble(folder: Path, device: str) -> Ensemble:
    with reading(folder / "model.json") as content:
        card = _Card.model_validate(content)
        target = TARGETS[content["target"]].model_validate(content["decoding"])
    places = {place.name: place for place in member_folders(folder, {"members": card.members})}
    for name, place in places.items():
        _refuse_changed(folder, place, card.members[name])
    members = {name: load_model(place, device) for name, place in places.items()}
    _refuse_others(members, target, next(iter(places.values())).parent)
    return Ensemble(members, card.scales, target)


def _hash(checkpoint: Path) -> str:
    path = checkpoint / "model.safetensors"
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such checkpoint; run `dvc repro` or `dvc pull`")
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _refuse_changed(folder: Path, member: Path, sha256: str) -> None:
    if (found := _hash(member)) != sha256:
        raise IntegrityError(
            f"{member / 'model.safetensors'}: sha256 is {found}, {folder.name} was made with {sha256}; "
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
