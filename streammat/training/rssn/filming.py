"""Samples of data sets as frames of a clip, on the device where the kernels made them.

As in `streammat.training.video`, with what the official loss takes beside image and alpha: layers
that compose to the image as before, and label maps of the smeared alpha.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from streammat.training.batch import Batch
from streammat.training.cache import Floats
from streammat.training.video import Look, compressed, motion_kernel

__all__ = ["film"]

_COLOURS = ("rgb", "foreground", "background")
_TRANSITION = 128 / 255
_LEAST_SHARE = 1e-5  # of a layer in a pixel: with less its colour is lost in rounding


def film(batch: Batch, looks: Sequence[Look | None], pool: Executor) -> Batch:
    """Give each sample its look; those with None stay as they are.

    Motion averages image, alpha and the layers' shares of the image along one line. A label map's
    distance from the alpha and that line add up, whatever comes first (dilations commute), so the
    maps are widened by the line. What compression does to the image is added to both layers, as
    RSSN's noise is: it must not tell the alpha.

    Args:
        batch: with layers and label maps; written into.
        looks: one of each sample.
        pool: encodes; H.264 is the CPU's, wherever the batch lies.

    Returns:
        The batch.
    """
    for index, look in enumerate(looks):
        kernel = None
        if look is not None and look.shutter is not None:
            kernel = motion_kernel(look.motion, look.shutter)
        if kernel is not None:
            _smear(batch, index, kernel)
        if look is not None and look.flicker is not None:
            gains = torch.from_numpy(look.flicker.gains(batch.rgb.shape[2]))
            for name in _COLOURS:
                part = getattr(batch, name)
                part[index] = (part[index] * gains.to(part.device)[:, None]).clamp(0, 255)
    _compress(batch, looks, pool)
    return batch


class _Along(NamedTuple):
    mean: Tensor
    least: Tensor
    most: Tensor


def _along(planes: Tensor, kernel: Floats) -> _Along:
    """Of (C, H, W) over the places of `kernel`; edges go on outside."""
    height, width = planes.shape[1:]
    reach = len(kernel) // 2
    wide = functional.pad(planes[None], (reach,) * 4, mode="replicate")[0]
    mean = torch.zeros_like(planes)
    least, most = torch.full_like(planes, torch.inf), torch.full_like(planes, -torch.inf)
    for y, x in np.argwhere(kernel).tolist():
        moved = wide[:, y : y + height, x : x + width]
        mean.add_(moved, alpha=float(kernel[y, x]))
        least, most = torch.minimum(least, moved), torch.maximum(most, moved)
    return _Along(mean, least, most)


def _smear(batch: Batch, index: int, kernel: Floats) -> None:
    parts = batch.foreground, batch.background, batch.trimap, batch.dilation, batch.erosion
    assert all(part is not None for part in parts)
    front, back, trimap, dilation, erosion = (part[index] for part in parts if part is not None)
    alpha = batch.alpha[index]
    shares = torch.cat([alpha * front, (1 - alpha) * back])
    found = _along(torch.cat([batch.rgb[index], alpha, front, back, shares]), kernel).mean
    sizes = [3, 1, 3, 3, 3, 3]
    image, cover, plain_front, plain_back, front_share, back_share = torch.split(found, sizes)
    batch.rgb[index], batch.alpha[index] = image, cover.clamp(0, 1)
    front[:] = _colour(front_share, cover, plain_front)
    back[:] = _colour(back_share, 1 - cover, plain_back)
    maps = _along(torch.cat([trimap, dilation, erosion]), kernel)
    dilation[:], erosion[:] = maps.most[1:2], maps.least[2:3]
    trimap.fill_(_TRANSITION)
    trimap[maps.least[:1] >= 1], trimap[maps.most[:1] <= 0] = 1, 0


def _colour(share: Tensor, cover: Tensor, plain: Tensor) -> Tensor:
    """A layer's colour from its share of the image; where it has none, that without the alpha."""
    own = share / cover.clamp_min(_LEAST_SHARE)
    return torch.where(cover > _LEAST_SHARE, own, plain).clamp(0, 255)


def _compress(batch: Batch, looks: Sequence[Look | None], pool: Executor) -> None:
    jobs = [
        (index, pool.submit(compressed, _pixels(batch.rgb[index]), look.motion, look.crf))
        for index, look in enumerate(looks)
        if look is not None and look.crf is not None
    ]
    for index, job in jobs:
        now = torch.from_numpy(job.result().transpose(2, 0, 1)).to(batch.rgb.device)
        change = now - batch.rgb[index]
        for name in _COLOURS:
            part = getattr(batch, name)
            part[index] = (part[index] + change).clamp(0, 255)


def _pixels(image: Tensor) -> Floats:
    return np.ascontiguousarray(image.cpu().numpy().transpose(1, 2, 0))
