"""pix2pix: a U-Net paints label images, a discriminator compares with real images of the same labels.

After Isola et al., CVPR 2017, arXiv 1611.07004.
"""
