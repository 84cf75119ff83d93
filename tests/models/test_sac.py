import hashlib
import shlex
import subprocess
import sys
from functools import partial

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import save_file

from cellarena.faults import IntegrityError
from cellarena.models.parts import sac
from cellarena.models.parts.lora import added_names
from cellarena.models.parts.sac import encode, positions
from cellarena.models.parts.sam_checkpoint import PUBLISHED, Published, conversion, load_own, load_published
from cellarena.models.parts.segment_anything import image_encoder
from cellarena.models.sac import SAC, SAM_ENCODERS, Encoder, build, encoder_of

SMALL = {
    "learning_rate": 0.001, "encoder": "tiny", "rank": 0, "checkpoint": "", "checkpoint_sha256": "", "enlarge": 1,
    "embedding": 64, "depth": 2, "width": 8,
}  # fmt: skip
STAND_IN = Encoder(64, 16, 32, 2, 2, 16, 2, (1,))
"""An encoder of SAM's kind that a test can afford, in the place of vit_b."""


def network(seed=0, **changes):
    torch.manual_seed(seed)
    return build(SAC.model_validate(SMALL | changes), 3).eval()


def file_hash(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def published(monkeypatch, tmp_path):
    """A pickle of a whole SAM-like checkpoint in tmp_path, published as vit_b; returns the encoder's weights."""
    monkeypatch.setitem(SAM_ENCODERS, "vit_b", STAND_IN)
    torch.manual_seed(7)
    weights = image_encoder(**STAND_IN._asdict()).state_dict()
    whole = {f"image_encoder.{name}": tensor for name, tensor in weights.items()}
    pickled = tmp_path / "sam_vit_b_01ec64.pth"
    torch.save(whole | {"mask_decoder.iou_token.weight": torch.zeros(1, 256)}, pickled)
    monkeypatch.setitem(PUBLISHED, "vit_b", Published(pickled.name, file_hash(pickled)))
    return weights


@pytest.fixture
def converted(published, tmp_path):
    """The published file after the conversion that the messages give."""
    command = shlex.split(conversion("sam_vit_b_01ec64.pth"))
    assert command[0] == "python"
    subprocess.run([sys.executable, *command[1:]], cwd=tmp_path, check=True)
    return tmp_path / "sam_vit_b_01ec64.safetensors"


def of(path, **changes):
    return {"encoder": "vit_b", "checkpoint": str(path), "checkpoint_sha256": file_hash(path), **changes}


@pytest.mark.parametrize("shape", [(32, 32), (32, 96), (64, 160), (256, 32), (288, 320)])
@pytest.mark.parametrize("enlarge", [1, 2])
def test_every_multiple_of_32_comes_out_at_its_own_size(shape, enlarge):
    with torch.inference_mode():
        assert network(enlarge=enlarge)(torch.rand(1, 3, *shape)).shape == (1, 3, *shape)


def test_the_encoder_sees_what_sam_saw_pixels_of_0_to_255_normalised(monkeypatch):
    seen = []

    def watched(encoder, pixels):
        seen.append(pixels)
        return encode(encoder, pixels)

    monkeypatch.setattr(sac, "encode", watched)
    network()(torch.ones(1, 3, 32, 32) * torch.tensor([0.0, 0.5, 1.0]).view(1, 3, 1, 1))
    # SAM's mean and standard deviation of green are 116.28 and 57.12: a half is 11.22 above the mean.
    assert seen[0][0, :, 0, 0].tolist() == pytest.approx([-2.1179, 0.1964, 2.64], abs=1e-4)
    network(enlarge=2)(torch.rand(1, 3, 32, 64))
    assert seen[1].shape == (1, 3, 64, 128)


def test_at_its_own_size_the_encoder_is_sams():
    encoder = network().encoder
    with torch.no_grad():
        encoder.pos_embed.normal_()
        images = torch.rand(1, 3, 256, 256)
        assert torch.equal(encode(encoder, images), encoder(images))


def test_positions_are_interpolated():
    table = torch.rand(1, 8, 8, 2)
    assert positions(table, 8, 8) is table
    # Every third row of the three times finer grid lies on a row of the table.
    assert torch.allclose(positions(table, 24, 24)[:, 1::3, 1::3], table, atol=1e-6)
    slope = positions(torch.arange(8.0).view(1, 8, 1, 1).expand(1, 8, 8, 2), 16, 4)
    assert slope.shape == (1, 16, 4, 2)
    assert (slope.diff(dim=1) > 0).all()
    assert (slope.diff(dim=2) == 0).all()


def test_the_encoder_uses_absolute_and_relative_positions_at_other_sizes():
    encoder, images = network().encoder, torch.rand(1, 3, 64, 96)
    encode(encoder, images).square().sum().backward()
    for table in (encoder.pos_embed, encoder.blocks[-1].attn.rel_pos_h, encoder.blocks[-1].attn.rel_pos_w):
        assert table.grad.abs().sum() > 0


def test_the_encoder_and_the_stem_both_reach_the_output():
    net, images = network(), torch.rand(1, 3, 64, 64)
    whole = net(images)
    with torch.no_grad():
        for part in (net.encoder.neck[-1], net.stem[0][1]):
            weight = part.weight.clone()
            part.weight.mul_(2)
            assert not torch.allclose(net(images), whole)
            part.weight.copy_(weight)


def test_one_pixel_of_detail_reaches_the_output():
    net, images = network(), torch.rand(1, 3, 64, 64)
    other = images.clone()
    other[..., 20, 20] = 1 - other[..., 20, 20]
    change = (net(other) - net(images)).abs().sum(dim=1)[0]
    assert change.argmax().item() in {64 * y + x for y in range(17, 24) for x in range(17, 24)}


def test_the_sizes_of_the_encoders():
    assert encoder_of(SAC.model_validate(SMALL | {"embedding": 128, "depth": 4})) == Encoder(
        256, 8, 128, 4, 4, 128, 8, (1, 3)
    )
    for variant, (millions, n_global) in {"vit_b": (89.7, 4), "vit_l": (308.3, 4), "vit_h": (637.0, 4)}.items():
        size = SAM_ENCODERS[variant]
        with torch.device("meta"):
            encoder = image_encoder(**size._asdict())
        assert sum(p.numel() for p in encoder.parameters()) / 1e6 == pytest.approx(millions, abs=0.1)
        assert len(size.global_blocks) == n_global


def test_segment_anything_is_reached_without_torchvision(tmp_path):
    # The package's own __init__ imports torchvision: this one cannot be imported, as on a machine without CUDA.
    (tmp_path / "torchvision.py").write_text("raise RuntimeError('operator torchvision::nms does not exist')\n")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from cellarena.models.sac import SAC, build\n"
        "assert not {'torch', 'torchvision'} & set(sys.modules)\n"
        f"build(SAC.model_validate({SMALL}), 3)\n"
        "assert 'torch' in sys.modules\n"
        "assert not {'torchvision', 'segment_anything', 'segment_anything.modeling'} & set(sys.modules)\n"
        "try:\n    import segment_anything\nexcept RuntimeError as error:\n    print(error)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "operator torchvision::nms does not exist\n"), ended.stderr


@pytest.mark.parametrize("rank", [0, 3])
def test_a_published_encoder_starts_from_the_file(published, converted, rank):
    net = network(**of(converted, rank=rank))
    with torch.inference_mode():
        assert net(torch.rand(1, 3, 32, 64)).shape == (1, 3, 32, 64)
    state = net.encoder.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in published.items())
    trainable = {name for name, p in net.encoder.named_parameters() if p.requires_grad}
    assert trainable == (added_names(net.encoder) if rank else set(published))


def test_a_trained_network_needs_the_file_no_longer(converted):
    settings = of(converted)
    trained = network(**settings)
    images = torch.rand(1, 3, 32, 32)
    expected = trained(images)
    converted.unlink()
    again = network(seed=5, **settings)
    again.load_state_dict(trained.state_dict())
    assert torch.equal(again(images), expected)
    with pytest.raises(FileNotFoundError):
        network(**settings)(images)


@pytest.mark.parametrize("rank", [0, 2])
def test_tiny_can_start_from_a_network_of_this_project(tmp_path, rank):
    first, path = network(seed=3), tmp_path / "model.safetensors"
    save_file(first.state_dict(), path)
    second = network(seed=4, rank=rank, checkpoint=str(path), checkpoint_sha256=file_hash(path))
    second(torch.rand(1, 3, 32, 32))
    state = second.encoder.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in first.encoder.state_dict().items())
    assert not torch.equal(second.head.weight, first.head.weight)


def test_a_file_that_is_not_there_is_named_with_what_belongs_there(tmp_path):
    path = tmp_path / "sam.safetensors"
    with pytest.raises(FileNotFoundError) as found:
        load_published(torch.nn.Identity(), "vit_b", path, "0" * 64)
    assert str(found.value) == (
        f"{path}: no such file; models.sac starts vit_b from sam_vit_b_01ec64.pth: download "
        "https://dl.fbaipublicfiles.com/segment_anything/sam_vit_b_01ec64.pth "
        "(sha256 ec2df62732614e57411cdcf32a23ffdf28910380d03139ee0f4fcbe91eb8c912) and convert it once: "
        + conversion("sam_vit_b_01ec64.pth")
    )
    with pytest.raises(FileNotFoundError, match="no such file; train `sac` with rank 0"):
        load_own(torch.nn.Identity(), path, "0" * 64)


def test_a_pickle_is_checked_but_not_opened(published, tmp_path):
    path = tmp_path / "sam_vit_b_01ec64.pth"
    load = partial(load_published, torch.nn.Identity(), "vit_b", path, file_hash(path))
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
    settings = of(converted, checkpoint_sha256="0" * 64)
    with pytest.raises(IntegrityError, match=rf"{converted}: sha256 is {file_hash(converted)}, .*_sha256 says 0000"):
        network(**settings)(torch.rand(1, 3, 32, 32))


@pytest.mark.parametrize("metadata", [None, {"sha256": "1" * 64}])
def test_what_was_converted_from_another_file_is_refused(published, tmp_path, metadata):
    path = tmp_path / "other.safetensors"
    save_file({f"image_encoder.{name}": tensor for name, tensor in published.items()}, path, metadata)
    with pytest.raises(IntegrityError, match=r"was converted from (1{64}|no file that it names), expected sam_vit_b"):
        network(**of(path))(torch.rand(1, 3, 32, 32))


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
        network(**of(path))(torch.rand(1, 3, 32, 32))


def test_garbage_is_refused(tmp_path):
    path = tmp_path / "sam.safetensors"
    path.write_bytes(b"garbage")
    with pytest.raises(ValueError, match=r"sam\.safetensors: not a safetensors file"):
        load_published(torch.nn.Identity(), "vit_b", path, file_hash(path))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        (
            {"encoder": "vit_l"},
            "encoder vit_l needs a checkpoint: sam_vit_l_0b3195.pth .sha256 3adcc4315b.* from https",
        ),
        ({"rank": 4}, "rank 4 freezes an encoder that learnt nothing"),
        ({"checkpoint": "a.safetensors"}, "checkpoint and checkpoint_sha256 go together"),
        ({"checkpoint": "a.safetensors", "checkpoint_sha256": "abc"}, "String should match pattern"),
        ({"embedding": 100}, "multiple of 32"),
        ({"rank": -1}, "greater than or equal to 0"),
    ],
)
def test_hyperparameters_that_make_no_sense_are_refused(changes, reason):
    with pytest.raises(ValidationError, match=reason):
        SAC.model_validate(SMALL | changes)


def test_every_published_checkpoint_has_an_encoder_and_a_hash():
    assert set(PUBLISHED) == set(SAM_ENCODERS)
    assert all(len(bytes.fromhex(published.sha256)) == 32 for published in PUBLISHED.values())
