from functools import partial

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from cellarena.models.networks.sam_prompts import distinct, fused, object_centres
from cellarena.models.networks.segment_anything import image_encoder, mask_decoder, modeling, prompt_encoder
from cellarena.models.sac import SAM_ENCODERS, Encoder
from cellarena.models.weights.pretrained import Published
from cellarena.models.weights.sam_checkpoint import PUBLISHED
from cellarena.targets.three_class import ThreeClass
from small_sac import file_hash, network, started

TARGET = ThreeClass(boundary=2, seed=0.7, waist=0.6, foreground=0.6, seed_size=12, min_size=20)
STAND_IN = Encoder(64, 16, 32, 2, 2, 16, 2, (1,))
AUTO = {
    "encoder": "vit_b", "rank": 2, "checkpoint": "sam.safetensors", "checkpoint_sha256": "0" * 64, "prompts": "auto",
}  # fmt: skip


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setitem(SAM_ENCODERS, "vit_b", STAND_IN)


def decoded(logits):
    return TARGET.decode(logits.softmax(dim=0).numpy())


def drawn(shape, *boxes, inside=8.0):
    """Return one logit mask a box (top, left, bottom, right): `inside` in it, as much below zero around it."""
    masks = torch.full((len(boxes), *shape), -inside)
    for mask, (top, left, bottom, right) in zip(masks, boxes, strict=True):
        mask[top:bottom, left:right] = inside
    return masks


def dense(shape, *boxes):
    """Return dense logits whose interior is these boxes."""
    interior = drawn(shape, (0, 0, 0, 0), *boxes).amax(dim=0)
    return torch.stack([-interior, interior, torch.full(shape, -8.0)])


def test_masks_that_touch_come_out_as_separate_objects():
    masks = drawn((32, 48), (4, 4, 24, 20), (4, 20, 24, 40))
    objects = decoded(fused(masks, torch.Size((32, 48))))
    for mask in masks:
        assert len(np.unique(objects[(mask > 0).numpy()])) == 1
    assert objects.max() == 2
    assert np.array_equal(objects > 0, (masks > 0).any(dim=0).numpy())


def test_where_masks_overlap_the_one_that_is_surer_has_the_pixel():
    masks = torch.cat([drawn((32, 48), (4, 4, 24, 24)), drawn((32, 48), (4, 16, 24, 40), inside=6.0)])
    objects = decoded(fused(masks, torch.Size((32, 48))))
    assert (objects[4:24, 4:22] == objects[10, 10]).all()
    assert (objects[4:24, 26:40] == objects[10, 30]).all()
    assert objects.max() == 2


@given(seed=st.integers(0, 99), n_masks=st.integers(1, 5), height=st.integers(1, 20), width=st.integers(1, 20))
@settings(max_examples=30)
def test_what_is_fused_are_probabilities_of_foreground_as_the_masks_have_it(seed, n_masks, height, width):
    masks = torch.randn(n_masks, height, width, generator=torch.Generator().manual_seed(seed)) * 10
    probabilities = fused(masks, torch.Size((height, width))).exp()
    assert torch.allclose(probabilities.sum(dim=0), torch.ones(height, width), atol=1e-5)
    assert torch.allclose(probabilities[1] + probabilities[2], masks.amax(dim=0).sigmoid(), atol=1e-5)


def test_of_masks_that_are_nearly_equal_the_best_is_kept():
    masks = drawn((32, 48), (4, 4, 24, 20), (4, 4, 24, 21), (4, 30, 24, 40), (0, 0, 0, 0))
    # The first two share 320 of 340 pixels.
    assert distinct(masks, torch.tensor([0.5, 0.9, 0.1, 0.2])).tolist() == [1, 2, 3]
    assert distinct(masks, torch.tensor([0.9, 0.5, 0.1, 0.2])).tolist() == [0, 2, 3]
    half = drawn((32, 48), (4, 4, 24, 20), (4, 12, 24, 20))
    assert distinct(half, torch.tensor([0.5, 0.9])).tolist() == [0, 1]


def test_a_prompt_lies_deep_inside_each_piece_of_interior():
    # A ring of 9 x 9 around a hole, a bar that the image's edge cuts, and a speck of three pixels.
    logits = dense((24, 40), (2, 2, 11, 11), (14, 30, 19, 40), (20, 2, 21, 5))
    logits[1, 4:9, 4:9] = -9
    points = object_centres(logits).tolist()
    assert len(points) == 2
    assert logits[1, int(points[0][1]), int(points[0][0])] > 0
    # Three pixels deep from both long sides and from the end.
    assert 32 <= points[1][0] <= 37
    assert points[1][1] == 16
    assert object_centres(dense((24, 40))).shape == (0, 2)


class Pointing(torch.nn.Module):
    """Prompts that are their points' coordinates."""

    def forward(self, points, **_):
        return points[0], None

    def get_dense_pe(self):
        return None


class Drawing(torch.nn.Module):
    """Draws around each point a box of 16 x 24 pixels of what the encoder saw; of its three masks the last is meant."""

    def forward(self, image_embeddings, sparse_prompt_embeddings, **_):
        height, width = (4 * side for side in image_embeddings.shape[2:])
        y, x = (4 * torch.arange(side) + 1.5 for side in (height, width))
        masks = torch.zeros(len(sparse_prompt_embeddings), 3, height, width)
        for mask, ((left, top),) in zip(masks, sparse_prompt_embeddings, strict=True):
            mask[2] = torch.where(((y - top).abs() <= 8)[:, None] & ((x - left).abs() <= 12), 9.0, -9.0)
        return masks, torch.tensor([0.1, 0.2, 0.9]).expand(len(masks), 3)


@pytest.mark.parametrize("enlarge", [1, 2, 4])
def test_what_the_mask_decoder_draws_comes_out_as_objects(monkeypatch, enlarge):
    net = network(**AUTO | {"enlarge": enlarge})
    net.prompt_encoder, net.mask_decoder = Pointing(), Drawing()
    # Two seeds whose boxes touch at column 24, and one apart.
    seeds = dense((64, 96), (10, 10, 15, 15), (10, 34, 15, 39), (42, 70, 47, 75))
    features = torch.zeros(1, 16, 4 * enlarge, 6 * enlarge)
    monkeypatch.setattr(net, "with_features", lambda _: (seeds[None], features))
    objects = decoded(net(torch.rand(1, 3, 64, 96))[0])
    assert objects.max() == 3
    found = [(objects == objects[y, x]) for x, y in ((12, 12), (36, 12), (72, 44))]
    # SAM's masks have a pixel for four of the encoder's: boxes of 16 x 24 of those, give or take one of the masks'.
    height, width, slack = 16 / enlarge, 24 / enlarge, 4 / enlarge
    for part, (x, y) in zip(found, ((12, 12), (36, 12), (72, 44)), strict=True):
        rows, columns = np.nonzero(part)
        assert np.ptp(rows) + 1 == pytest.approx(height, abs=slack)
        assert np.ptp(columns) + 1 == pytest.approx(width, abs=slack)
        assert (rows.mean(), columns.mean()) == pytest.approx((y, x), abs=slack / 2 + 0.5)


def test_two_prompts_of_one_object_give_one_object(monkeypatch):
    net = network(**AUTO)
    net.prompt_encoder, net.mask_decoder = Pointing(), Drawing()
    # Their boxes are four pixels apart, and share 20 of 28 columns.
    seeds = dense((64, 96), (30, 40, 33, 43), (30, 44, 33, 47))
    monkeypatch.setattr(net, "with_features", lambda _: (seeds[None], torch.zeros(1, 16, 4, 6)))
    assert len(object_centres(seeds)) == 2
    assert decoded(net(torch.rand(1, 3, 64, 96))[0]).max() == 1


def test_where_nothing_is_found_the_dense_logits_stay():
    net, images = network(**AUTO), torch.rand(2, 3, 32, 64)
    with torch.inference_mode():
        net.head.bias.copy_(torch.tensor([50.0, 0.0, 0.0]))
        assert torch.equal(net(images), net.with_features(images)[0])


def everywhere_interior(net):
    with torch.no_grad():
        net.head.bias.copy_(torch.tensor([0.0, 50.0, 0.0]))
    return net


@pytest.mark.parametrize("shape", [(32, 32), (32, 96), (160, 64)])
@pytest.mark.parametrize("enlarge", [1, 2])
def test_prompted_images_of_any_shape_come_out_at_their_own_size(shape, enlarge):
    net = everywhere_interior(network(**AUTO | {"enlarge": enlarge}))
    images = torch.rand(2, 3, *shape)
    with torch.inference_mode():
        output = net(images)
        assert output.shape == (2, 3, *shape)
        assert torch.isfinite(output).all()
        assert not torch.equal(output, net.with_features(images)[0])
        assert torch.equal(net(images), output)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.isfinite(net(images)).all()


def test_in_training_the_network_is_the_dense_one_and_the_mask_decoder_is_frozen():
    net, images = everywhere_interior(network(**AUTO)).train(), torch.rand(1, 3, 32, 32)
    output = net(images)
    assert torch.equal(output, net.with_features(images)[0])
    output.square().mean().backward()
    learning = {name.split(".")[0] for name, weight in net.named_parameters() if weight.requires_grad}
    assert learning == {"encoder", "stem", "bridge", "decoder", "head"}


def test_at_sams_own_size_the_masks_are_sams():
    net = network(**AUTO)
    features, points = torch.randn(16, 4, 4), torch.tensor([[3.0, 5.0], [40.0, 60.0]])
    own = modeling().PromptEncoder(
        embed_dim=16, image_embedding_size=(4, 4), input_image_size=(64, 64), mask_in_chans=16
    )
    own.load_state_dict(net.prompt_encoder.state_dict())
    with torch.inference_mode():
        masks, quality = net._masks(features, points, torch.Size((64, 64)))
        sparse, without = own((points[:, None], torch.ones(2, 1)), None, None)
        all_masks, all_quality = net.mask_decoder(features[None], own.get_dense_pe(), sparse, without, True)
    assert masks.shape == (2, 16, 16)
    assert torch.equal(quality, all_quality.amax(dim=1))
    assert torch.equal(masks[1], all_masks[1, all_quality[1].argmax()])


@pytest.fixture
def sam(monkeypatch, tmp_path):
    """A converted file of a whole small SAM; returns its weights and the hyperparameters that name it."""
    torch.manual_seed(7)
    parts = {
        "image_encoder": image_encoder(**STAND_IN._asdict()), "prompt_encoder": prompt_encoder(channels=16),
        "mask_decoder": mask_decoder(channels=16),
    }  # fmt: skip
    weights = {f"{part}.{name}": w for part, network in parts.items() for name, w in network.state_dict().items()}
    monkeypatch.setitem(PUBLISHED, "vit_b", Published("https://example.org/sam.pth", "1" * 64))
    path = tmp_path / "sam.safetensors"

    def changes(weights):
        save_file(weights, path, {"sha256": "1" * 64})
        return AUTO | {"checkpoint": str(path), "checkpoint_sha256": file_hash(path)}

    return weights, changes


def test_the_mask_decoder_starts_from_the_file_and_is_part_of_the_network(sam):
    weights, changes = sam
    state = started(**changes(weights)).state_dict()
    for name, weight in weights.items():
        assert torch.equal(state[name.replace("image_encoder", "encoder")], weight), name
    again = network(seed=3, **AUTO)
    again.load_state_dict(state)
    assert torch.equal(again.mask_decoder.iou_token.weight, weights["mask_decoder.iou_token.weight"])


@pytest.mark.parametrize("missing", ["prompt_encoder.pe_layer", "mask_decoder.iou_token", "image_encoder.neck.0"])
def test_a_file_without_a_part_of_sam_is_refused(sam, missing):
    weights, changes = sam
    some = {name: weight for name, weight in weights.items() if not name.startswith(missing)}
    start = partial(started, **changes(some))
    with pytest.raises(ValueError, match=f"does not fit the network .1 tensors differ.* {missing.split('.')[1]}"):
        start()
