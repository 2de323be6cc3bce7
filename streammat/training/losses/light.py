"""The losses of GFM (Li et al., IJCV 2021), TT variant, with three stated changes.

1. Glance: binary cross-entropy per channel on the logits (the outputs are sigmoids; the official
   code feeds them into a softmax a second time).
2. Focus is also trained outside the transition, with a small weight: where glance calls a part of
   the subject transition by mistake, focus then still answers right, and no hole appears.
3. The alpha loss is taken on a soft fusion, so that it reaches the glance decoder too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from streammat.models.gfm import GfmLogits
from streammat.training.losses.shares import weighted_mean
from streammat.training.parallel import Group

OPAQUE, TRANSPARENT = 250 / 255, 5 / 255
LAPLACIAN_LEVELS = 4
FOCUS_OUTSIDE = 0.3


class Losses(NamedTuple):
    """Scalars; `total` is what is minimised."""

    total: Tensor
    glance: Tensor
    focus: Tensor
    alpha: Tensor


def transition_radius(height_px: int, width_px: int) -> int:
    """Half-width of the transition band: about 2 % of the picture's mean side, at least 3 px."""
    return max(3, round(0.02 * math.sqrt(height_px * width_px)))


def _dilate(mask: Tensor, radius: int) -> Tensor:
    """Dilation of (B, 1, H, W) by an octagon-like element: two squares of half the radius would
    leave corners, so a square is followed by a cross."""
    square, cross = radius // 2, radius - radius // 2
    mask = functional.max_pool2d(mask, 2 * square + 1, 1, square) if square else mask
    tall = functional.max_pool2d(mask, (2 * cross + 1, 1), 1, (cross, 0))
    wide = functional.max_pool2d(mask, (1, 2 * cross + 1), 1, (0, cross))
    return torch.maximum(tall, wide)


def trimap_classes(alpha: Tensor, radius: int) -> Tensor:
    """(B, 1, H, W) alpha 0..1 -> one-hot (B, 3, H, W) float: background, transition, foreground."""
    solid = 1 - _dilate((alpha < OPAQUE).float(), radius)
    empty = 1 - _dilate((alpha > TRANSPARENT).float(), radius)
    return torch.cat([empty, 1 - solid - empty, solid], dim=1)


def soft_fusion(glance: Tensor, focus: Tensor) -> Tensor:
    """Expected alpha under the normalised glance: (B, 3, H, W), (B, 1, H, W) -> (B, 1, H, W)."""
    weights = glance / glance.sum(1, keepdim=True).clamp_min(1e-4)
    return weights[:, 2:3] + weights[:, 1:2] * focus


def laplacian_loss(a: Tensor, b: Tensor) -> Tensor:
    """Mean absolute difference of Laplacian pyramids, levels weighted equally."""
    difference, total = a - b, a.new_zeros(())
    for _ in range(LAPLACIAN_LEVELS):
        coarse = functional.avg_pool2d(difference, 2)
        fine = functional.interpolate(
            coarse, scale_factor=2.0, mode="bilinear", align_corners=False
        )
        total = total + (difference - fine).abs().mean()
        difference = coarse
    return total + difference.abs().mean()


def gfm_losses(logits: GfmLogits, alpha: Tensor, group: Group | None = None) -> Losses:
    """logits (B, 3, H, W), (B, 1, H, W); alpha (B, 1, H, W) 0..1; `group` shares the batch."""
    height, width = alpha.shape[-2:]
    classes = trimap_classes(alpha, transition_radius(height, width))
    glance_loss = 3 * functional.binary_cross_entropy_with_logits(logits.glance, classes)
    glance, focus = torch.sigmoid(logits.glance), torch.sigmoid(logits.focus)
    band = classes[:, 1:2]
    error = (focus - alpha).abs()
    focus_loss = (
        weighted_mean(error * band, band, group or Group(), 1.0) + FOCUS_OUTSIDE * error.mean()
    )
    focus_loss = focus_loss + laplacian_loss(focus, alpha)
    fused = soft_fusion(glance, focus)
    alpha_loss = 2 * (fused - alpha).abs().mean() + laplacian_loss(fused, alpha)
    total = 0.5 * glance_loss + focus_loss + alpha_loss
    return Losses(total, glance_loss, focus_loss, alpha_loss)
