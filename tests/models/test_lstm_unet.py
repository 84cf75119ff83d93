import pytest
import torch

from cellarena.models.networks.conv_lstm import ConvLSTM
from cellarena.models.networks.lstm_unet import LSTMUNet
from cellarena.models.networks.views import CoarseToFine, gaussian_kernel


def network(n_views, width=4, levels=3, n_channels=3):
    torch.manual_seed(0)
    return LSTMUNet(width, levels, n_views, n_channels)


def recurrent_gradients(net, images):
    net.train()(images).square().mean().backward()
    return [memory.recurrent.weight.grad for memory in net.memories]


def test_three_views_teach_the_recurrent_kernels_of_every_level():
    gradients = recurrent_gradients(network(3), torch.rand(2, 3, 32, 32))
    assert len(gradients) == 3
    assert all(gradient.abs().max() > 0 for gradient in gradients)


def test_one_view_teaches_the_recurrent_kernels_nothing():
    net = network(1)
    gradients = recurrent_gradients(net, torch.rand(2, 3, 32, 32))
    assert all(torch.equal(gradient, torch.zeros_like(gradient)) for gradient in gradients)
    assert all(memory.frame.weight.grad.abs().max() > 0 for memory in net.memories)


def test_a_time_lapse_teaches_them_too():
    gradients = recurrent_gradients(network(1), torch.rand(2, 4, 3, 32, 32))
    assert all(gradient.abs().max() > 0 for gradient in gradients)


def test_a_time_lapse_gives_one_output_a_frame_that_no_later_frame_changes():
    net = network(3).eval()
    frames = torch.rand(2, 4, 3, 32, 64)
    with torch.inference_mode():
        whole = net(frames)
        changed = net(torch.cat([frames[:, :3], torch.rand(2, 1, 3, 32, 64)], dim=1))
        forgetful = net(frames[:, 3:])
    assert whole.shape == (2, 4, 3, 32, 64)
    torch.testing.assert_close(changed[:, :3], whole[:, :3])
    assert not torch.allclose(changed[:, 3], whole[:, 3])
    # The last frame's output does depend on the frames before it.
    assert not torch.allclose(forgetful[:, 0], whole[:, 3])


def test_a_still_image_is_the_last_frame_of_its_views():
    net = network(3).eval()
    images = torch.rand(2, 3, 32, 32)
    with torch.inference_mode():
        still = net(images)
        played = net(net.views(images).transpose(0, 1))
    torch.testing.assert_close(still, played[:, -1])


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match=r"input of shape \(3, 32, 32\); expected \(B, 3, H, W\)"):
        network(1)(torch.rand(3, 32, 32))


def test_views_go_from_coarse_to_fine_and_end_in_the_image():
    images = torch.rand(2, 3, 32, 32)
    views = CoarseToFine(3)(images)
    assert views.shape == (3, 2, 3, 32, 32)
    assert torch.equal(views[2], images)
    spread = views.std(dim=(1, 2, 3, 4))
    assert spread[0] < spread[1] < spread[2]
    torch.testing.assert_close(CoarseToFine(3)(torch.full((1, 3, 8, 8), 0.25)), torch.full((3, 1, 3, 8, 8), 0.25))


def test_a_view_is_the_gaussian_blur_it_says():
    point = torch.zeros(1, 1, 33, 33)
    point[0, 0, 16, 16] = 1
    kernel = gaussian_kernel(2.0)
    assert len(kernel) == 13
    assert kernel[6] / kernel[8] == pytest.approx(torch.e**0.5)
    expected = torch.zeros(33, 33)
    expected[10:23, 10:23] = torch.outer(kernel, kernel)
    torch.testing.assert_close(CoarseToFine(2)(point)[0, 0, 0], expected)


def test_one_step_of_the_recurrence_by_hand():
    memory = ConvLSTM(1, 1, kernel=1)
    with torch.no_grad():
        # Gates in the order input, forget, output, candidate.
        memory.frame.weight.copy_(torch.tensor([1.0, 0.0, 2.0, 0.5]).view(4, 1, 1, 1))
        memory.recurrent.weight.copy_(torch.tensor([0.0, 0.0, 0.0, 1.0]).view(4, 1, 1, 1))
    assert memory.frame.bias.tolist() == [0, 1, 0, 0]
    sigmoid, tanh, one = torch.sigmoid, torch.tanh, torch.tensor(1.0)
    cell = sigmoid(one) * tanh(0.5 * one)
    first = sigmoid(2 * one) * tanh(cell)
    cell = sigmoid(one) * cell + sigmoid(one) * tanh(0.5 + first)
    second = sigmoid(2 * one) * tanh(cell)
    states = memory(torch.ones(2, 1, 1, 2, 2))
    torch.testing.assert_close(states, torch.stack([first, second]).view(2, 1, 1, 1, 1).expand(2, 1, 1, 2, 2))


def test_constants_are_no_weights():
    assert not [name for name in network(3).state_dict() if "kernel" in name]
