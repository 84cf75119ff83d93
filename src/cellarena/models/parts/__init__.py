"""Network classes and what they are made of; they may import torch, so `build` imports them when it is called."""
