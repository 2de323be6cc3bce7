"""Glance at the working size, focus closer up: a small network's best on people and animals.

A network sees a subject whole only when the picture is about as small as those it was trained on;
hair and fur want more pixels. So glance, which says what is subject, comes to two thirds from a
pass at the working size, and focus, the alpha of the transition, from a second one of 2.5 times the
area. GFM's own two-pass strategy (`published.hybrid`) takes shares of the picture's size instead,
which suits its large networks. On objects one pass is better (`benchmarks quality`). Each size is
looked at twice, see `mirrored`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat.catalogue.cards import Variant
from streammat.matting.sizes import NetworkSize, area_size, network_size
from streammat.matting.strategies.mirrored import Mirrored
from streammat.matting.strategies.network import NetworkPass, PassOutput
from streammat.matting.strategies.planes import picture_view, rgb_layout, rgb_planes
from streammat.matting.strategies.single import single
from streammat.types import Alpha
from streammat_kernels.fusion import fuse
from streammat_kernels.guided import guided_upsample
from streammat_kernels.resize import bilinear

__all__ = ["CLOSER_AREA", "CLOSER_SHARE", "two_size"]

CLOSER_AREA = 2.5  # of the focus pass, relative to the glance pass; never above the picture's own
CLOSER_SHARE = np.float32(1 / 3)  # of the closer pass in glance; it sees borders more exactly
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
    whole = network(picture_view(planes, layout, far))
    closer = network(picture_view(planes, layout, near))
    small = _fused(whole, far, closer, near, network.variant)
    return guided_upsample(small, planes, layout, content=small.shape)


def _area(size: NetworkSize) -> int:
    return size.content_width * size.content_height


def _fused(
    far: PassOutput,
    far_size: NetworkSize,
    near: PassOutput,
    near_size: NetworkSize,
    variant: Variant,
) -> NDArray[np.float32]:
    """(h, w) alpha of the part of the closer pass that the picture covers."""
    rows, columns = near_size.content_height, near_size.content_width
    whole = far.glance[:, : far_size.content_height, : far_size.content_width]
    glance = np.empty((len(whole), rows, columns), np.float32)
    for plane, enlarged in zip(whole, glance, strict=True):
        bilinear(plane, enlarged)
    glance += CLOSER_SHARE * (near.glance[:, :rows, :columns] - glance)
    return fuse(glance, np.ascontiguousarray(near.focus[:rows, :columns]), variant)
