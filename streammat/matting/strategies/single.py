"""One pass at a chosen size, upsampled along the picture's edges."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat.matting.sizes import NetworkSize, network_size
from streammat.matting.strategies.network import AnyPass, RimPassOutput
from streammat.matting.strategies.planes import planar_view, rgb_layout, rgb_planes
from streammat.types import Alpha
from streammat_kernels.closed_form import closed_form
from streammat_kernels.fusion import fuse
from streammat_kernels.guided import guided_upsample

__all__ = ["single", "single_at"]


def single(
    network: AnyPass,
    rgb: NDArray[np.uint8] | NDArray[np.uint16],
    *,
    size: str = "balanced",
    redrawn: bool = False,
) -> Alpha:
    """Alpha (H, W) uint16, 65535 = opaque.

    Args:
        network: the pass is its.
        rgb: (H, W, 3) uint8 or uint16 full scale.
        size: fast, balanced, best or WxH; see `network_size`.
        redrawn: soft edges along the colours of the picture, see `edges`.
    """
    return single_at(network, rgb, network_size(rgb.shape[1], rgb.shape[0], size), redrawn=redrawn)


def single_at(
    network: AnyPass,
    rgb: NDArray[np.uint8] | NDArray[np.uint16],
    size: NetworkSize,
    *,
    redrawn: bool = False,
) -> Alpha:
    """As `single`, at a size that is known already."""
    planes, layout = rgb_planes(rgb), rgb_layout(rgb)
    view = planar_view(planes, layout, size)
    output = network(np.ascontiguousarray(view.transpose(1, 2, 0)))
    if isinstance(output, RimPassOutput):
        small = output.alpha.clip(0, 1)
    else:
        assert network.variant != "rim"
        small = fuse(output.glance, output.focus, network.variant)
    content = size.content_height, size.content_width
    if redrawn:
        closed_form(small, view, small, content=content)
    return guided_upsample(small, planes, layout, content=content)
