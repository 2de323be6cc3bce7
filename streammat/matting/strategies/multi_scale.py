"""Glance from three distances, focus from the nearest: best for a small network.

A network sees a subject whole only when it is about as large as those it was trained on: a face
that fills the frame wants a smaller view, a person far off a larger one, and hair and fur want all
the pixels there are. So glance, which says what is subject, is a mean over a pass at the working
size, which counts twice, one farther off and one closer up; focus, the alpha of the transition, is
the closer pass's. (Testing at several scales is an old habit of segmentation, e.g. Chen et al.,
"Attention to Scale", CVPR 2016.) GFM's own two-pass strategy (`published.hybrid`) takes shares of
the picture's size instead, which suits its large networks. Each size is looked at twice, see
`mirrored`. `benchmarks quality` compares.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from streammat.matting.sizes import NetworkSize, area_size, network_size
from streammat.matting.strategies.edges import drawn_still
from streammat.matting.strategies.mirrored import Mirrored
from streammat.matting.strategies.network import NetworkPass
from streammat.matting.strategies.planes import picture_view, rgb_layout, rgb_planes
from streammat.types import Alpha
from streammat_kernels.fusion import fuse
from streammat_kernels.guided import guided_upsample
from streammat_kernels.resize import bilinear

__all__ = ["multi_scale"]

CLOSER_AREA = 2.5  # of the focus pass, relative to the working size; never above the picture's own
FARTHER_AREA = 0.4
_WORTHWHILE = 1.2  # a picture that is hardly larger than the working size gets no closer pass
_LEAST_SIDE_PX = 96  # of the farther pass: below it a network sees nothing


class _View(NamedTuple):
    """One distance, and what its glance counts."""

    size: NetworkSize
    weight: float


def multi_scale(
    network: NetworkPass,
    rgb: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    size: str = "balanced",
    redrawn: bool = False,
) -> Alpha:
    """Alpha (H, W) uint16, 65535 = opaque.

    Args:
        network: the passes are its, two a distance.
        rgb: (H, W, 3) uint8 or uint16 full scale; one that is hardly larger than ``size`` gets no
            closer pass.
        size: the working size: fast, balanced, best or WxH; see `network_size`.
        redrawn: soft edges along the colours of the picture, see `edges`.
    """
    mirrored = Mirrored(network)
    planes, layout = rgb_planes(rgb), rgb_layout(rgb)
    views = _views(rgb.shape[1], rgb.shape[0], size)
    nearest = views[-1].size
    rows, columns = nearest.content_height, nearest.content_width
    channels = 3 if network.variant == "tt" else 2
    glance = np.zeros((channels, rows, columns), np.float32)
    enlarged = np.empty((rows, columns), np.float32)
    for view in views:
        seen = mirrored(picture_view(planes, layout, view.size))
        part = seen.glance[:, : view.size.content_height, : view.size.content_width]
        for channel, plane in enumerate(part):
            bilinear(plane, enlarged)
            glance[channel] += np.float32(view.weight) * enlarged
    small = fuse(glance, np.ascontiguousarray(seen.focus[:rows, :columns]), network.variant)
    if redrawn:
        return drawn_still(small, planes, layout)
    return guided_upsample(small, planes, layout, content=small.shape)


def _views(width: int, height: int, size: str) -> list[_View]:
    """From afar to close up; the weights add up to 1."""
    working = network_size(width, height, size)
    area = working.content_width * working.content_height
    farther = area_size(width, height, FARTHER_AREA * area)
    nearest = min(CLOSER_AREA * area, width * height)
    views = [_View(working, 2)]
    if min(farther.content_width, farther.content_height) >= _LEAST_SIDE_PX:
        views.insert(0, _View(farther, 1))
    if nearest >= _WORTHWHILE * area:
        views.append(_View(area_size(width, height, nearest), 1))
    total = sum(view.weight for view in views)
    return [view._replace(weight=view.weight / total) for view in views]
