import shlex
import subprocess
import sys
from functools import partial

import pytest
import torch
from safetensors.torch import save_file

from cellarena.faults import IntegrityError
from cellarena.models.networks.lora import added_names
from cellarena.models.networks.sac import encode
from cellarena.models.networks.segment_anything import image_encoder
from cellarena.models.sac import SAM_ENCODERS, Encoder
from cellarena.models.weights.pretrained import Published, conversion
from cellarena.models.weights.sam_checkpoint import PUBLISHED, load_own, load_published
from small_sac import file_hash, network, started, supplied

STAND_IN = Encoder(64, 16, 32, 2, 2, 16, 2, (1,))
"""An encoder of SAM's kind that a test can afford, in the place of vit_b."""


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A pickle of a whole SAM-like checkpoint in tmp_path, published as vit_b; returns the encoder's weights."""
    monkeypatch.setitem(SAM_ENCODERS, "vit_b", STAND_IN)
    torch.manual_seed(7)
    weights = image_encoder(**STAND_IN._asdict()).state_dict()
    whole = {f"image_encoder.{name}": tensor for name, tensor in weights.items()}
    pickled = tmp_path / "sam_vit_b_01ec64.pth"
    torch.save(whole | {"mask_decoder.iou_token.weight": torch.zeros(1, 256)}, pickled)
    monkeypatch.setitem(PUBLISHED, "vit_b", Published(f"https://example.org/{pickled.name}", file_hash(pickled)))
    return weights


@pytest.fixture
def converted(published, tmp_path):
    """The published file as the conversion leaves it."""
    path = tmp_path / "sam_vit_b_01ec64.safetensors"
    weights = {f"image_encoder.{name}": tensor for name, tensor in published.items()}
    save_file(weights, path, {"sha256": PUBLISHED["vit_b"].sha256})
    return path


def of(path, **changes):
    return {"encoder": "vit_b", "checkpoint": str(path), "checkpoint_sha256": file_hash(path), **changes}


def test_the_conversion_that_the_messages_give_makes_such_a_file(published, tmp_path):
    command = shlex.split(conversion("sam_vit_b_01ec64.pth"))
    assert command[0] == "python"
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
    state = started(**of(tmp_path / "sam_vit_b_01ec64.safetensors")).encoder.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in published.items())


@pytest.mark.parametrize("rank", [0, 3])
def test_a_published_encoder_starts_from_the_file(published, converted, rank):
    net = started(**of(converted, rank=rank))
    with torch.inference_mode():
        assert net(torch.rand(1, 3, 32, 64)).shape == (1, 3, 32, 64)
    state = net.encoder.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in published.items())
    trainable = {name for name, p in net.encoder.named_parameters() if p.requires_grad}
    assert trainable == (added_names(net.encoder) if rank else set(published))


def test_a_trained_network_needs_the_file_no_longer(converted):
    changes = of(converted)
    trained = started(**changes)
    images = torch.rand(1, 3, 32, 32)
    expected = trained(images)
    converted.unlink()
    again = network(seed=5, **changes)
    again.load_state_dict(trained.state_dict())
    assert torch.equal(again(images), expected)
    with pytest.raises(FileNotFoundError):
        started(**changes)


@pytest.mark.parametrize("rank", [0, 2])
def test_tiny_can_start_from_a_network_of_this_project(tmp_path, rank):
    first, path = network(seed=3), tmp_path / "model.safetensors"
    save_file(first.state_dict(), path)
    second = started(seed=4, rank=rank, checkpoint=str(path), checkpoint_sha256=file_hash(path))
    state = second.encoder.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in first.encoder.state_dict().items())
    assert not torch.equal(second.head.weight, first.head.weight)


def test_tiny_can_start_from_an_adapted_network_whose_updates_are_merged(tmp_path):
    first, path = network(seed=3, rank=2, pretrain=0.5), tmp_path / "model.safetensors"
    with torch.no_grad():
        for name in added_names(first.encoder):
            first.encoder.get_parameter(name).normal_(generator=torch.Generator().manual_seed(7))
    save_file(first.state_dict(), path)
    second = started(seed=4, rank=0, checkpoint=str(path), checkpoint_sha256=file_hash(path))
    images = torch.rand(1, 3, 32, 64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(encode(second.encoder, images), encode(first.encoder, images))


@pytest.mark.parametrize("spoilt", [None, torch.zeros(3, 5)])
def test_updates_that_do_not_fit_are_refused(tmp_path, spoilt):
    state, path = network(rank=2, pretrain=0.5).state_dict(), tmp_path / "model.safetensors"
    name = next(name for name in state if name.endswith("up_q"))
    state = {**{n: tensor for n, tensor in state.items() if n != name}, **({} if spoilt is None else {name: spoilt})}
    save_file(state, path)
    with pytest.raises(ValueError, match=f"{path}: holds low-rank updates that do not fit"):
        started(checkpoint=str(path), checkpoint_sha256=file_hash(path))


def test_a_file_that_is_not_there_is_named_with_what_belongs_there(tmp_path):
    path = tmp_path / "sam.safetensors"
    with pytest.raises(FileNotFoundError) as found:
        load_published({"image_encoder": torch.nn.Identity()}, "vit_b", supplied(path, "0" * 64))
    assert str(found.value) == (
        f"{path}: no such file; models.sac.checkpoint is to hold sam_vit_b_01ec64.pth: download "
        "https://dl.fbaipublicfiles.com/segment_anything/sam_vit_b_01ec64.pth "
        "(sha256 ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912) and convert it once: "
        + conversion("sam_vit_b_01ec64.pth")
    )
    with pytest.raises(FileNotFoundError, match="no such file; train a `sac` with encoder tiny"):
        load_own(torch.nn.Identity(), supplied(path, "0" * 64))


def test_a_pickle_is_checked_but_not_opened(published, tmp_path):
    path = tmp_path / "sam_vit_b_01ec64.pth"
    load = partial(load_published, {"image_encoder": torch.nn.Identity()}, "vit_b", supplied(path))
    with pytest.raises(
        ValueError, match=r"its sha256 is right; a pickle is not opened here: .* convert it once: python"
    ):
        load()
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(
        ValueError, match=f"sha256 is {file_hash(path)}, expected {PUBLISHED['vit_b'].sha256}; a pickle"
    ):
        load()


def test_another_file_is_refused_by_its_hash(converted):
    changes = of(converted, checkpoint_sha256="0" * 64)
    with pytest.raises(IntegrityError, match=rf"{converted}: sha256 is {file_hash(converted)}, .*_sha256 says 0000"):
        started(**changes)


@pytest.mark.parametrize("metadata", [None, {"sha256": "1" * 64}])
def test_what_was_converted_from_another_file_is_refused(published, tmp_path, metadata):
    path = tmp_path / "other.safetensors"
    save_file({f"image_encoder.{name}": tensor for name, tensor in published.items()}, path, metadata)
    with pytest.raises(IntegrityError, match=r"was converted from (1{64}|no file that it names), expected sam_vit_b"):
        started(**of(path))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda weights: weights.pop("image_encoder.pos_embed"), r"1 tensors differ, the first is pos_embed"),
        (lambda weights: weights["image_encoder.pos_embed"].fill_(float("nan")), "pos_embed holds values that are not"),
    ],
)
def test_a_file_that_does_not_hold_the_encoder_is_refused(published, tmp_path, spoil, reason):
    weights = {f"image_encoder.{name}": tensor.clone() for name, tensor in published.items()}
    spoil(weights)
    path = tmp_path / "odd.safetensors"
    save_file(weights, path, {"sha256": PUBLISHED["vit_b"].sha256})
    with pytest.raises(ValueError, match=reason):
        started(**of(path))


def test_garbage_is_refused(tmp_path):
    path = tmp_path / "sam.safetensors"
    path.write_bytes(b"garbage")
    with pytest.raises(ValueError, match=r"sam\.safetensors: not a safetensors file"):
        load_published({"image_encoder": torch.nn.Identity()}, "vit_b", supplied(path))


def test_every_published_checkpoint_has_an_encoder_and_a_hash():
    assert set(PUBLISHED) == set(SAM_ENCODERS)
    assert all(len(bytes.fromhex(published.sha256)) == 32 for published in PUBLISHED.values())
