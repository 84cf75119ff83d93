"""Segment Any Cell with prompts: the dense head finds the objects, SAM's own mask decoder draws them.

After the auto-prompting of Na et al. 2024 (arXiv 2401.13220), with positive points only.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor, nn
from torch.nn import functional

from cellarena.models.networks.sac import SegmentAnyCell
from cellarena.models.networks.segment_anything import mask_decoder, prompt_encoder
from cellarena.targets.three_class import BACKGROUND, BOUNDARY, INTERIOR

_SMALLEST = 4
"""Pixels of the smallest piece of interior that gives a prompt."""
_SAME = 0.7
"""IoU above which two masks are of one object: that of SAM's own automatic segmentation."""
_SURE = 0.98
"""Probability of interior within an object, and of boundary where two of them meet."""
_CLAIMED = -1.0
"""Logit above which a pixel is somebody's; what lies below is background for any threshold that a target may choose."""
_AT_ONCE = 16
"""Prompts in one run of the mask decoder."""


class PromptedSegmentAnyCell(SegmentAnyCell):
    """In training the dense network; in evaluation its objects prompt SAM, whose masks make the output.

    SAM's prompt encoder and mask decoder are frozen; they are of use with SAM's published weights only.

    Args:
        encoder: SAM's image encoder.
        n_encoded: channels that it puts out.
        width: channels of the stem and the decoder at full resolution.
        enlarge: the encoder sees the image this many times larger.
    """

    def __init__(self, encoder: nn.Module, n_encoded: int, width: int, enlarge: int) -> None:
        super().__init__(encoder, n_encoded, n_channels=3, width=width, enlarge=enlarge)
        self.prompt_encoder: Any = prompt_encoder(channels=n_encoded).requires_grad_(False)
        self.mask_decoder: Any = mask_decoder(channels=n_encoded).requires_grad_(False)

    def forward(self, images: Tensor) -> Tensor:
        """Return (B, 3, H, W) logits of background, interior and boundary for images (B, 3, H, W)."""
        logits, features = self.with_features(images)
        if self.training:
            return logits
        return torch.stack([self._prompted(*each) for each in zip(logits, features, strict=True)])

    def _prompted(self, logits: Tensor, features: Tensor) -> Tensor:
        """Return logits (3, H, W) of one image from its dense ones and its features (C, h, w)."""
        points = object_centres(logits)
        if not len(points):
            return logits.float()
        # Positions lose half of their digits in the short floats of autocast.
        with torch.autocast(logits.device.type, enabled=False):
            chunks = [self._masks(features.float(), some, logits.shape[1:]) for some in points.split(_AT_ONCE)]
            masks, quality = (torch.cat(part) for part in zip(*chunks, strict=True))
            return fused(masks[distinct(masks, quality)], logits.shape[1:])

    def _masks(self, features: Tensor, points: Tensor, size: torch.Size) -> tuple[Tensor, Tensor]:
        """Return one mask a point, (N, 4 h, 4 w) logits, and SAM's own estimate of each one's IoU, (N,)."""
        sam = self.prompt_encoder
        # As the encoder's table of positions is stretched over the image, so are those of the points.
        sam.image_embedding_size = tuple(features.shape[1:])
        sam.input_image_size = tuple(side * self.enlarge for side in size)
        # SAM adds the half pixel that leads to a pixel's centre to the enlarged coordinates.
        coordinates = ((points + 0.5) * self.enlarge - 0.5).unsqueeze(1)
        labels = torch.ones(coordinates.shape[:2], device=points.device)
        sparse, dense = sam(points=(coordinates, labels), boxes=None, masks=None)
        masks, quality = self.mask_decoder(
            image_embeddings=features.unsqueeze(0), image_pe=sam.get_dense_pe(), sparse_prompt_embeddings=sparse,
            dense_prompt_embeddings=dense, multimask_output=True,
        )  # fmt: skip
        # One point may mean a part or the whole: SAM draws three masks and says which it trusts.
        best = quality.argmax(dim=1)
        each = torch.arange(len(best), device=best.device)
        return masks[each, best], quality[each, best]


def object_centres(logits: Tensor) -> Tensor:
    """Return a point deep inside every connected piece of interior.

    Args:
        logits: (3, H, W) of background, interior and boundary.

    Returns:
        (N, 2) float32 x and y in pixels, in reading order of the pieces.
    """
    interior = (logits.float().softmax(dim=0)[INTERIOR] > 0.5).cpu().numpy()
    pieces, n_pieces = ndimage.label(interior)
    large = np.flatnonzero(np.bincount(pieces.ravel(), minlength=n_pieces + 1)[1:] >= _SMALLEST) + 1
    # The image's edge ends an object, too: a point on it would be half outside.
    depth = ndimage.distance_transform_edt(np.pad(interior, 1))[1:-1, 1:-1]
    deepest = np.array(ndimage.maximum_position(depth, pieces, large)).reshape(-1, 2)
    return torch.from_numpy(deepest[:, ::-1].astype(np.float32)).to(logits.device)


def distinct(masks: Tensor, quality: Tensor) -> Tensor:
    """Return the numbers of the masks, ascending, without those that a better one nearly equals.

    Args:
        masks: (N, h, w) logits.
        quality: (N,), higher is better.
    """
    inside = (masks > 0).flatten(1).float()
    shared = inside @ inside.T
    areas = inside.sum(dim=1)
    iou = shared / (areas[:, None] + areas - shared).clamp(min=1)
    kept: list[int] = []
    for number in quality.argsort(descending=True, stable=True).tolist():
        if not kept or iou[number, kept].max() <= _SAME:
            kept.append(number)
    return torch.tensor(sorted(kept), device=masks.device)


def fused(masks: Tensor, size: torch.Size) -> Tensor:
    """Return masks of single objects as logits of background, interior and boundary.

    A pixel is foreground as much as in the mask that claims it most; where the masks that claim it most meet, it is
    boundary, so that objects which touch stay apart.

    Args:
        masks: (N, h, w) logits, N at least 1.
        size: H and W of the output.

    Returns:
        (3, H, W) logarithms of probabilities.
    """
    claim = masks.new_full(size, -math.inf)
    owner = masks.new_zeros(size)
    for number, mask in _enlarged(masks, size):
        owner = torch.where(mask > claim, number, owner)
        claim = torch.maximum(claim, mask)
    owner = torch.where(claim > _CLAIMED, owner, math.nan)
    inside = torch.where(_meets_other(owner), 1 - _SURE, _SURE)
    foreground = functional.logsigmoid(claim)
    logits = masks.new_empty(3, *size)
    logits[BACKGROUND] = functional.logsigmoid(-claim)
    logits[INTERIOR] = foreground + inside.log()
    logits[BOUNDARY] = foreground + (1 - inside).log()
    return logits


def _meets_other(owner: Tensor) -> Tensor:
    """Return which pixels (H, W) have an 8-neighbour of another owner; those whose owner is NaN are nobody's."""
    highest, lowest = (
        functional.max_pool2d(each.nan_to_num(nan=-math.inf)[None], kernel_size=3, stride=1, padding=1)[0]
        for each in (owner, -owner)
    )
    return (highest > owner) | (-lowest < owner)


def _enlarged(masks: Tensor, size: torch.Size) -> Iterator[tuple[int, Tensor]]:
    for number, mask in enumerate(masks):
        whole = functional.interpolate(mask[None, None], size=tuple(size), mode="bilinear", align_corners=False)
        yield number, whole[0, 0]
