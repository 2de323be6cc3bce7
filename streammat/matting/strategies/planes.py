"""Pictures in memory as planes and back, and as a network sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.matting.sizes import NetworkSize
from streammat.types import Plane
from streammat_kernels.layout import Colour, Family, PixelLayout, Transfer
from streammat_kernels.resize import network_view

__all__ = ["RGB_COLOUR", "picture_view", "planar_view", "rgb_layout", "rgb_planes"]

RGB_COLOUR = Colour(full_range=True, transfer=Transfer.SRGB)


def rgb_planes(rgb: NDArray[Any]) -> tuple[Plane, ...]:
    """(H, W, 3) as three contiguous planes."""
    return tuple(np.ascontiguousarray(rgb[..., channel]) for channel in range(3))


def rgb_layout(rgb: NDArray[Any]) -> PixelLayout:
    """The layout of `rgb_planes`."""
    return PixelLayout(Family.RGB, 1, 1, bits=8 * rgb.dtype.itemsize)


def planar_view(
    planes: tuple[Plane, ...], layout: PixelLayout, size: NetworkSize
) -> NDArray[np.float32]:
    """(3, h, w) R'G'B' 0..255 at a network's size, padded as video frames are."""
    view = np.empty((3, size.height, size.width), np.float32)
    content = size.content_height, size.content_width
    network_view(planes, layout, RGB_COLOUR, view, content=content)
    return view


def picture_view(
    planes: tuple[Plane, ...], layout: PixelLayout, size: NetworkSize
) -> NDArray[np.float32]:
    """As `planar_view`, (h, w, 3)."""
    return np.ascontiguousarray(planar_view(planes, layout, size).transpose(1, 2, 0))
