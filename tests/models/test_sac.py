import subprocess
import sys

import pytest
import torch

from cellarena.models.networks import sac
from cellarena.models.networks.sac import encode, positions
from cellarena.models.networks.segment_anything import image_encoder
from cellarena.models.sac import SAM_ENCODERS, Encoder, encoder_of
from small_sac import SMALL, network, settings


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
    assert encoder_of(settings(embedding=128, depth=4)) == Encoder(256, 8, 128, 4, 4, 128, 8, (1, 3))
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
