"""CycleGAN: label images and photos that do not belong together are translated into each other and back.

After Zhu et al., ICCV 2017, arXiv 1703.10593.
"""
