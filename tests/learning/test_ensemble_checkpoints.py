import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from cellarena.cards import write_card
from cellarena.faults import IntegrityError
from cellarena.learning.checkpoints import Model, build_network, save_weights
from cellarena.learning.ensemble_checkpoints import Ensemble, gathered, load_checkpoint, write_ensemble
from cellarena.models.ensembles import Ensembling
from cellarena.models.spec import MODELS
from cellarena.records import Run
from cellarena.targets.class_and_distance import ClassAndDistance
from cellarena.targets.spec import TARGETS
from tiny import INFERENCE, discs

PARAMS = yaml.safe_load((Path(__file__).parent.parent.parent / "params.yaml").read_text())
TARGET = ClassAndDistance.model_validate(PARAMS["targets"]["class_and_distance"])
DECODED = TARGET.model_copy(update={"seed": 0.4, "min_size": 10})
RUN = Run("maunet_ensemble", "real", 0)
MEMBERS = ("maunet-real-0", "maunet_wide-real-0")
TOGETHER = Ensembling(members=["maunet", "maunet_wide"], scales=[1, 1.5])
TWICE = INFERENCE.model_copy(update={"mirror": True})


def hyperparameters(model):
    return MODELS[model].hyperparameters.model_validate(PARAMS["models"][model] | {"width": 8, "features": 8})


def write_member(folder, model, target=TARGET):
    torch.manual_seed(0)
    settings = hyperparameters(model)
    save_weights(build_network(model, settings, target).state_dict(), folder / "model.safetensors")
    card = {
        "model": model,
        "hyperparameters": settings.model_dump(mode="json"),
        "target": next(name for name in TARGETS if TARGETS[name] is type(target)),
        "decoding": target.model_dump(mode="json"),
    }
    write_card(card, folder / "model.json")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Checkpoints of both members; each has a decoding of its own."""
    root = tmp_path_factory.mktemp("checkpoints")
    for seed, model in enumerate(("maunet", "maunet_wide")):
        (root / f"{model}-real-0").mkdir()
        write_member(root / f"{model}-real-0", model, TARGET.model_copy(update={"seed": 0.3 + 0.1 * seed}))
    (root / str(RUN)).mkdir()
    ensemble = gathered(RUN, TOGETHER, TARGET, root, "cpu")
    write_ensemble(ensemble, RUN, DECODED, 0.61234567, root, root / str(RUN))
    return root


@pytest.fixture
def checkpoints(written, tmp_path):
    """A copy of them that a test may damage."""
    return Path(shutil.copytree(written, tmp_path / "checkpoints"))


def changed_card(checkpoints, run=RUN, **changes):
    path = checkpoints / str(run) / "model.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def refused(checkpoints, kind, start, reason):
    with pytest.raises(kind, match=reason) as refusal:
        load_checkpoint(checkpoints / str(RUN), "cpu")
    assert str(refusal.value).startswith(f"{checkpoints / start}: ")
    assert "\n" not in str(refusal.value)


def test_the_card_says_what_the_ensemble_is_made_of_and_the_weights_lie_beside_it(written):
    card = json.loads((written / str(RUN) / "model.json").read_text())
    assert card.keys() == {
        "format", "run", "model", "members", "scales", "target", "decoding", "validation"
    }  # fmt: skip
    assert tuple(card["members"]) == MEMBERS
    assert all(len(sha256) == 64 for sha256 in card["members"].values())
    assert card["validation"] == {"f1_tuned": 0.612346}
    assert {path.name for path in (written / str(RUN)).iterdir()} == {"model.json", *MEMBERS}


def test_what_is_loaded_predicts_as_the_members_do_and_decodes_as_tuned(written):
    loaded = load_checkpoint(written / str(RUN), "cpu")
    assert isinstance(loaded, Ensemble)
    together = loaded.segmenter(TWICE)
    assert together.target == DECODED
    assert together.scales == [1.0, 1.5]
    assert [len(member.tiles.flips) for member in together.members] == [4, 4]
    image = discs().image
    alone = [load_checkpoint(written / name, "cpu").segmenter(TWICE).activations(image) for name in MEMBERS]
    at_scale_1 = Ensemble(loaded.members, [1], DECODED).segmenter(TWICE)
    np.testing.assert_allclose(at_scale_1.activations(image), np.mean(alone, axis=0), atol=1e-6)
    assert not np.allclose(together.activations(image), np.mean(alone, axis=0), atol=1e-3)


def test_it_says_in_words_what_it_is(written):
    assert load_checkpoint(written / str(RUN), "cpu").variant == "mean of maunet and maunet_wide at scales 1, 1.5"
    assert load_checkpoint(written / MEMBERS[0], "cpu").variant.startswith("ResNet-50, first width 8")


def test_a_networks_checkpoint_is_loaded_as_ever(written):
    assert isinstance(load_checkpoint(written / MEMBERS[0], "cpu"), Model)


def test_weights_that_changed_since_are_refused(checkpoints):
    weights = checkpoints / str(RUN) / MEMBERS[1] / "model.safetensors"
    content = weights.read_bytes()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    start = f"{RUN}/{MEMBERS[1]}/model.safetensors"
    refused(checkpoints, IntegrityError, start, "maunet_ensemble-real-0 was made with")


def test_a_member_that_is_gone_is_named(checkpoints):
    for folder in (checkpoints, checkpoints / str(RUN)):
        shutil.rmtree(folder / MEMBERS[0])
    refused(checkpoints, FileNotFoundError, f"{MEMBERS[0]}/model.safetensors", "no such checkpoint")
    with pytest.raises(FileNotFoundError, match=f"{MEMBERS[0]}/model.json: no such checkpoint"):
        gathered(RUN, TOGETHER, TARGET, checkpoints, "cpu")


@pytest.mark.parametrize("target", [TARGET.model_copy(update={"boundary": 0.1}), TARGETS["three_class"]])
def test_members_that_learnt_another_target_are_refused(checkpoints, target):
    if not isinstance(target, ClassAndDistance):
        target = target.model_validate(PARAMS["targets"]["three_class"])
    write_member(checkpoints / MEMBERS[0], "maunet", target)
    with pytest.raises(ValueError, match="the member learnt .*, the ensemble decodes .*; run `dvc repro`"):
        gathered(RUN, TOGETHER, TARGET, checkpoints, "cpu")


def test_a_card_that_decodes_what_no_member_learnt_is_refused(checkpoints):
    changed_card(checkpoints, decoding=DECODED.model_copy(update={"boundary": 0.1}).model_dump())
    refused(checkpoints, ValueError, f"{RUN}/{MEMBERS[0]}/model.json", "the member learnt")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"members": {"../maunet-real-0": "0" * 64}}, "members"),
        ({"members": {"/etc-real-0": "0" * 64}}, "members"),
        ({"members": {}}, "members"),
        ({"members": None}, "members"),
        ({"scales": [0]}, "scales"),
        ({"scales": []}, "scales"),
        ({"target": "none"}, "unknown target"),
        ({"decoding": {}}, "boundary"),
        ({"format": 0}, "format 0, expected 1"),
        ({"model": ["maunet_ensemble"]}, "list"),
    ],
)
def test_a_card_that_was_edited_is_refused_in_one_line(checkpoints, change, reason):
    changed_card(checkpoints, **change)
    refused(checkpoints, ValueError, f"{RUN}/model.json", f"not a model card of this project .*{reason}")
