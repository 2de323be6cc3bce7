"""Glance at the working size, focus closer up: a small network's best on people and animals.

A network sees a subject whole only when the picture is about as small as those it was trained on;
hair and fur want more pixels. So glance, which says what is subject, comes from a pass at the
working size, and focus, the alpha of the transition, from a second one of 2.5 times the area. GFM's
own two-pass strategy (`published.hybrid`) takes shares of the picture's size instead, which suits
its large networks. On objects one pass is better (`benchmarks quality`). Each size is looked at
twice, see `mirrored`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat.matting.sizes import NetworkSize, area_size, network_size
from streammat.matting.strategies.labels import fuse_labels, glance_labels
from streammat.matting.strategies.mirrored import Mirrored
from streammat.matting.strategies.network import NetworkPass
from streammat.matting.strategies.planes import picture_view, rgb_layout, rgb_planes
from streammat.matting.strategies.resample import enlarge
from streammat.matting.strategies.single import single
from streammat.types import Alpha
from streammat_kernels.guided import guided_upsample

__all__ = ["CLOSER_AREA", "two_size"]

CLOSER_AREA = 2.5  # of the focus pass, relative to the glance pass; never above the picture's own
_WORTHWHILE = 1.2  # a picture that is hardly larger than the working size gets one size


def two_size(
    network: NetworkPass, rgb: NDArray[np.uint8] | NDArray[np.uint16], *, size: str = "balanced"
) -> Alpha:
    """Alpha (H, W) uint16, 65535 = opaque; a picture of hardly more than ``size`` gets one size.

    Args:
        network: the passes are its, two a size.
        rgb: (H, W, 3) uint8 or uint16 full scale.
        size: of the glance pass: fast, balanced, best or WxH; see `network_size`.
    """
    network = Mirrored(network)
    height, width = rgb.shape[:2]
    far = network_size(width, height, size)
    area = min(CLOSER_AREA * _area(far), width * height)
    if area < _WORTHWHILE * _area(far):
        return single(network, rgb, size=size)
    near = area_size(width, height, area)
    planes, layout = rgb_planes(rgb), rgb_layout(rgb)
    glance = network(picture_view(planes, layout, far)).glance
    focus = network(picture_view(planes, layout, near)).focus
    small = _fused(glance, far, focus, near, network)
    return guided_upsample(small, planes, layout, content=small.shape)


def _area(size: NetworkSize) -> int:
    return size.content_width * size.content_height


def _fused(
    glance: NDArray[np.float32],
    far: NetworkSize,
    focus: NDArray[np.float32],
    near: NetworkSize,
    network: NetworkPass,
) -> NDArray[np.float32]:
    """(h, w) alpha of the part of the focus pass that the picture covers."""
    content = near.content_height, near.content_width
    labels = glance_labels(glance[:, : far.content_height, : far.content_width], network.variant)
    # As 0..1: there a plain 1 stays 1 where arithmetic allows it, in 0..255 it does not.
    enlarged = enlarge(labels / 255, content) * 255
    close = focus[: content[0], : content[1]].astype(np.float64)
    alpha = fuse_labels(enlarged, close, network.variant)
    return alpha.astype(np.float32)
