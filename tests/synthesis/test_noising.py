import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from cellarena.synthesis.generators.diffusion.noising import N_STEPS, alpha_bar, denoised, drawn_steps, noised, velocity


def normal(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_the_image_share_at_steps_worked_by_hand():
    # cos^2 of 0, of a 4000th of a turn, of an eighth, of a sixth and of a quarter turn.
    steps = torch.tensor([0, 1, 500, 2000 / 3, 1000])
    expected = [1, 0.9999975326, 0.5, 0.25, 0]
    np.testing.assert_allclose(alpha_bar(steps), expected, atol=3e-7)


def test_the_image_share_falls_at_every_step():
    assert (alpha_bar(torch.arange(N_STEPS + 1, dtype=torch.float64)).diff() < 0).all()


def test_the_last_step_is_the_noise_and_step_0_the_image():
    images, noise = normal(2, 3, 4, 4), normal(2, 3, 4, 4, seed=1)
    torch.testing.assert_close(noised(images, noise, torch.tensor([0.0, 1000.0]))[0], images[0])
    torch.testing.assert_close(noised(images, noise, torch.tensor([0.0, 1000.0]))[1], noise[1])


@pytest.mark.parametrize("step", [1.0, 137.0, 500.0, 999.0, 1000.0])
def test_noised_images_of_variance_1_have_variance_1(step):
    images, noise = normal(1, 1, 512, 512), normal(1, 1, 512, 512, seed=1)
    assert float(noised(images, noise, torch.tensor([step])).var()) == pytest.approx(1, abs=0.01)


@given(st.integers(1, N_STEPS))
def test_image_and_noise_follow_from_what_is_noised_and_its_velocity(step):
    images, noise = normal(1, 3, 4, 4).double(), normal(1, 3, 4, 4, seed=1).double()
    steps = torch.tensor([float(step)], dtype=torch.float64)
    z, v = noised(images, noise, steps), velocity(images, noise, steps)
    angle = step / 1000 * math.pi / 2
    torch.testing.assert_close(math.cos(angle) * z - math.sin(angle) * v, images)
    torch.testing.assert_close(math.sin(angle) * z + math.cos(angle) * v, noise)


@settings(max_examples=50)
@given(st.integers(1, 40), st.floats(0, 1, exclude_max=True))
def test_the_steps_of_a_batch_are_spread_evenly(n, uniform):
    steps = drawn_steps(n, uniform)
    assert ((steps >= 1) & (steps <= N_STEPS) & (steps == steps.round())).all()
    gaps = torch.cat([steps.sort().values, steps.min()[None] + N_STEPS]).diff()
    assert (gaps - N_STEPS / n).abs().max() <= 1


@pytest.mark.parametrize("n_steps", [1, 2, 7, 50])
def test_a_network_that_knows_the_image_is_sampled_to_it_exactly(n_steps):
    image = normal(1, 3, 8, 8).clamp(-1, 1)
    asked = []

    def predict(z, step):
        asked.append(step)
        angle = step / N_STEPS * math.pi / 2
        noise = (z - math.cos(angle) * image) / math.sin(angle)
        return velocity(image, noise, torch.tensor([step]))

    torch.testing.assert_close(denoised(predict, normal(1, 3, 8, 8, seed=1), n_steps), image, atol=1e-5, rtol=0)
    assert asked == pytest.approx([N_STEPS * (n_steps - i) / n_steps for i in range(n_steps)])


def test_the_exact_network_of_a_normal_distribution_samples_that_distribution():
    # For x ~ N(m, s^2) the best velocity is known: E[e|z] cos(a) - E[x|z] sin(a).
    mean, deviation = 0.2, 0.1

    def predict(z, step):
        cosine, sine = math.cos(step / N_STEPS * math.pi / 2), math.sin(step / N_STEPS * math.pi / 2)
        off = (z - cosine * mean) / (cosine**2 * deviation**2 + sine**2)
        return cosine * sine * off - sine * (mean + cosine * deviation**2 * off)

    sampled = denoised(predict, normal(1, 1, 256, 256), 200)
    assert float(sampled.mean()) == pytest.approx(mean, abs=0.002)
    assert float(sampled.std()) == pytest.approx(deviation, rel=0.05)
