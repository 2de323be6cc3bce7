"""The definition of the regions: the element tried at every pixel."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .ellipse import ellipse_element

__all__ = ["dilate", "erode", "region_maps"]


def region_maps(
    alpha: NDArray[np.uint8], kernels_px: tuple[int, int]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]]:
    """Trimap (0, 128, 255), dilation and erosion (0, 255) of the whole alpha."""
    trimap_px, rosta_px = kernels_px
    solid, some = alpha == 255, alpha != 0
    trimap = np.where(erode(solid, trimap_px), 255, np.where(dilate(some, trimap_px), 128, 0))
    return (
        trimap.astype(np.uint8),
        (dilate(some, rosta_px) * 255).astype(np.uint8),
        (erode(solid, rosta_px) * 255).astype(np.uint8),
    )


def dilate(region: NDArray[np.bool_], size_px: int) -> NDArray[np.bool_]:
    """True where the elliptic element around a pixel meets the region; nothing lies outside."""
    radius = size_px // 2
    H, W = region.shape
    padded = np.pad(region, radius)
    found = np.zeros_like(region)
    for down, across in np.argwhere(ellipse_element(size_px)):
        found |= padded[down : down + H, across : across + W]
    return found


def erode(region: NDArray[np.bool_], size_px: int) -> NDArray[np.bool_]:
    """True where the element lies in the region; what is outside counts as inside."""
    return ~dilate(~region, size_px)
