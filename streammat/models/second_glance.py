"""Glance from two distances, in PyTorch: what `streammat_engines` builds into a clip's engine."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from streammat.models.gfm import Gfm, GfmLogits
from streammat.models.psp import matrices_like
from streammat.models.released import ReleasedGfm
from streammat_engines.farther import farther_size

__all__ = ["second_glance_logits"]

_LEAST = 1e-6  # of a probability, so that its logit is finite


def second_glance_logits(model: Gfm | ReleasedGfm, rgb: Tensor) -> GfmLogits:
    """Focus of the input; as glance the mean of the input's and that of a smaller copy.

    Args:
        model: with one glance and one focus.
        rgb: (B, 3, H, W) float32, 0..255; H and W multiples of 32. One that is too small for a
            second look is looked at once.

    Raises:
        ValueError: not (B, 3, H, W), or H and W are not multiples of 32.
    """
    near = model.logits(rgb, matrices_like(rgb))
    size = farther_size(rgb.shape[-2], rgb.shape[-1])
    if size is None:
        return near
    small = _resized(rgb, size)
    far = torch.sigmoid(model.logits(small, matrices_like(small)).glance.float())
    both = (torch.sigmoid(near.glance.float()) + _resized(far, near.glance.shape[-2:])) / 2
    return GfmLogits(torch.logit(both, _LEAST), near.focus)


def _resized(planes: Tensor, size: tuple[int, ...]) -> Tensor:
    """Bilinear, without a low-pass filter: what every engine has."""
    return functional.interpolate(planes, tuple(size), mode="bilinear", align_corners=False)
