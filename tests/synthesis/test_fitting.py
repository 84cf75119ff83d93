import pytest
import torch

from cellarena.synthesis.networks.fitting import Trainables, learn, random_state
from small_generators import fit_in


class Line:
    """Learns the slope of a line from noisy points."""

    def __init__(self, rate=0.1):
        with random_state(0, "line"):
            self.network = torch.nn.Linear(1, 1)
        self.adam = torch.optim.Adam(self.network.parameters(), rate)
        self.taken = []

    @property
    def trainables(self):
        return Trainables({"line": self.network}, {"adam": self.adam})

    def painter(self):
        return None

    def step(self, number):
        self.taken.append(number)
        x = torch.rand(8, 1)
        loss = ((self.network(x) - 3 * x) ** 2).mean()
        self.adam.zero_grad()
        loss.backward()
        self.adam.step()
        return {"loss": loss}


class StopError(Exception):
    """What ends a fit."""


def stop_at(n):
    def watch(step, painter):
        if step == n:
            raise StopError

    return watch


@pytest.mark.parametrize(("stop", "goes_on_after"), [(3, 0), (5, 0), (6, 5), (19, 15)])
def test_a_fit_goes_on_from_its_last_state_to_the_same_end(tmp_path, stop, goes_on_after):
    whole = Line()
    losses = learn(whole, fit_in(tmp_path / "whole", steps=20))
    with pytest.raises(StopError):
        learn(Line(), fit_in(tmp_path / "resumed", steps=20, watch=stop_at(stop)))
    resumed = Line()
    assert learn(resumed, fit_in(tmp_path / "resumed", steps=20)) == losses
    assert resumed.taken == list(range(goes_on_after + 1, 21))
    for name, tensor in whole.trainables.tensors().items():
        assert torch.equal(tensor, resumed.trainables.tensors()[name]), name


def test_a_long_fit_leaves_a_hundred_rows_of_means(tmp_path):
    single = learn(Line(rate=1e-12), fit_in(tmp_path / "single", steps=100))
    means = learn(Line(rate=1e-12), fit_in(tmp_path / "means", steps=300))
    assert [row["step"] for row in means] == list(range(3, 301, 3))
    assert means[0]["loss"] == pytest.approx(sum(row["loss"] for row in single[:3]) / 3)


def test_steps_that_end_between_rows_have_a_row_of_their_own(tmp_path):
    assert [row["step"] for row in learn(Line(), fit_in(tmp_path, steps=203))][-2:] == [202, 203]


def test_the_random_state_outside_is_left_alone(tmp_path):
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    learn(Line(), fit_in(tmp_path, steps=2))
    assert torch.equal(torch.rand(3), expected)


@pytest.mark.parametrize("damage", [(b"losses", b"lasses"), (b"line.bias", b"line.boas")])
def test_a_damaged_state_is_named(tmp_path, damage):
    with pytest.raises(StopError):
        learn(Line(), fit_in(tmp_path, steps=20, watch=stop_at(7)))
    path = tmp_path / "state.safetensors"
    path.write_bytes(path.read_bytes().replace(*damage))
    with pytest.raises(ValueError, match=r"state\.safetensors: damaged; remove it"):
        learn(Line(), fit_in(tmp_path, steps=20))


def test_a_state_that_is_cut_off_is_named(tmp_path):
    (tmp_path / "state.safetensors").write_bytes(b"cut")
    with pytest.raises(ValueError, match=r"state\.safetensors: damaged; remove it"):
        learn(Line(), fit_in(tmp_path, steps=20))


def test_a_loss_that_is_no_number_ends_the_fit(tmp_path):
    line = Line()
    line.network.weight.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="diverged before step 1: its loss loss is nan"):
        learn(line, fit_in(tmp_path))
