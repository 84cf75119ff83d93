"""Networks and the blocks that they are made of; they may import torch, so `build` imports them when it is called."""
