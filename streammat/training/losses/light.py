"""The losses of GFM (Li et al., IJCV 2021), TT variant, with these changes.

1. Glance: binary cross-entropy per channel on the logits (the outputs are sigmoids; the official
   code feeds them into a softmax a second time).
2. Focus is also trained outside the transition, with a small weight and a Laplacian loss over the
   whole picture: where glance calls a part of the subject transition by mistake, focus then still
   answers right, and no hole appears.
3. The alpha loss is taken on a soft fusion, so that it reaches the glance decoder too.
4. Where samples are pairs of frames, the change of the error from one to the other costs, too: a
   steady error is seen less than one that flickers.
5. There is no composition loss: it needs true foregrounds and backgrounds, which pictures with
   alphas alone do not come with.
6. The Laplacian pyramid has four levels and the coarse rest, not five, and is made by box averages
   instead of the released kernel.
7. The parts have other weights: see `gfm_losses`.
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
CHANGE = 12.0
CHANGE_SQUARED = 4.0  # beside the absolute change: what dtSSD counts, which punishes flips


class Losses(NamedTuple):
    """Scalars; `total` is what is minimised."""

    total: Tensor
    glance: Tensor
    focus: Tensor
    alpha: Tensor
    change: Tensor | None = None  # of batches with pairs of frames


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


def change_loss(error: Tensor, pairs: Tensor, motion: Tensor) -> Tensor:
    """How much the error changes from a frame to the next, at the same point of the subject.

    Every pair counts alike, so that the mean of the processes' shares is that of the whole batch.

    Args:
        error: (B, 1, H, W) alpha minus its truth.
        pairs, motion: of the batch, see `Batch`.
    """
    if not len(pairs):
        return error.new_zeros(())
    before, now = error[pairs], error[pairs + 1]
    grid = functional.affine_grid(motion, list(before.shape), align_corners=False)
    moved = functional.grid_sample(before, grid, padding_mode="border", align_corners=False)
    seen = (grid.abs().amax(-1) <= 1)[:, None].to(error.dtype)  # in both frames
    change = (now - moved) * seen
    whole = change.abs().mean() + CHANGE_SQUARED * change.square().mean()
    return CHANGE * whole * (len(pairs) / len(error))


def gfm_losses(
    logits: GfmLogits,
    alpha: Tensor,
    group: Group | None = None,
    pairs: Tensor | None = None,
    motion: Tensor | None = None,
) -> Losses:
    """logits (B, 3, H, W), (B, 1, H, W); alpha (B, 1, H, W) 0..1; `group` shares the batch;
    `pairs` and `motion` as in `Batch`."""
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
    if pairs is None or motion is None:
        return Losses(total, glance_loss, focus_loss, alpha_loss)
    change = change_loss(fused - alpha, pairs, motion)
    return Losses(total + change, glance_loss, focus_loss, alpha_loss, change)
