"""Label-conditioned diffusion (Ho et al., NeurIPS 2020, arXiv 2006.11239) with MONAI's network; made for a GPU."""
