"""Convolutional LSTM (Shi et al., NeurIPS 2015, arXiv 1506.04214, without peepholes)."""

import torch
from torch import Tensor, nn


class ConvLSTM(nn.Module):
    """A recurrence over the frames of a sequence, whose gates are convolutions.

    Each step adds a convolution of the frame and one of the last hidden state to the four gates: input, forget, output
    and candidate.

    Args:
        n_in: channels of a frame.
        n_hidden: channels of the hidden state.
        kernel: odd side of both convolutions.
    """

    def __init__(self, n_in: int, n_hidden: int, kernel: int = 3) -> None:
        super().__init__()
        self.n_hidden = n_hidden
        self.frame = nn.Conv2d(n_in, 4 * n_hidden, kernel, padding=kernel // 2)
        self.recurrent = nn.Conv2d(n_hidden, 4 * n_hidden, kernel, padding=kernel // 2, bias=False)
        assert self.frame.bias is not None  # as the first convolution has one
        with torch.no_grad():
            # Forgetting is learnt, not the start (Jozefowicz et al., ICML 2015): a bias of 1 lets gradients through.
            self.frame.bias.zero_()[n_hidden : 2 * n_hidden] = 1

    def forward(self, frames: Tensor) -> Tensor:
        """Return the hidden state after every frame, from a state of zeros.

        Args:
            frames: (T, B, n_in, H, W).

        Returns:
            (T, B, n_hidden, H, W), in (-1, 1).
        """
        gates = self.frame(frames.flatten(0, 1)).unflatten(0, frames.shape[:2])
        # Zeros convolved are zeros: one pixel of them broadcasts over the image.
        hidden = cell = frames.new_zeros(frames.shape[1], self.n_hidden, 1, 1)
        states = []
        for fed in gates:
            opened, kept, shown, candidate = (fed + self.recurrent(hidden)).chunk(4, dim=1)
            cell = kept.sigmoid() * cell + opened.sigmoid() * candidate.tanh()
            hidden = shown.sigmoid() * cell.tanh()
            states.append(hidden)
        return torch.stack(states)
