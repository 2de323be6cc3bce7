"""Trimaps and widened or narrowed subjects from a true alpha, as GFM's training code makes them.

Source: Li et al., "Bridging Composite and Real: Towards End-to-end Deep Image Matting", IJCV 2021;
kernels as OpenCV's ``getStructuringElement(MORPH_ELLIPSE)``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["dilate", "ellipse", "erode", "trimap_from_alpha"]

TRIMAP_PX = 25


def trimap_from_alpha(alpha: NDArray[np.uint8], kernel_px: int = TRIMAP_PX) -> NDArray[np.uint8]:
    """(H, W) uint8: 255 well inside the subject, 0 well outside it, 128 between.

    Args:
        alpha: (H, W) uint8, 255 = opaque.
        kernel_px: diameter of the ellipse; the official training uses 25.
    """
    trimap: NDArray[np.uint8] = np.where(dilate(alpha != 0, kernel_px), 128, 0).astype(np.uint8)
    trimap[erode(alpha == 255, kernel_px)] = 255
    return trimap


def dilate(region: NDArray[np.bool_], kernel_px: int) -> NDArray[np.bool_]:
    """True where any pixel under the ellipse is; outside the picture nothing is."""
    height, width = region.shape
    out = np.zeros((height, width), np.bool_)
    centre = kernel_px // 2
    # Every row of the kernel is one run of pixels: a difference of running sums counts under it.
    sums = np.zeros((height, width + 1), np.int32)
    np.cumsum(region, axis=1, out=sums[:, 1:])
    columns = np.arange(width)
    for row, run in enumerate(ellipse(kernel_px)):
        reach = np.flatnonzero(run)
        first = np.clip(columns + reach[0] - centre, 0, width)
        end = np.clip(columns + reach[-1] + 1 - centre, 0, width)
        hit = sums[:, end] > sums[:, first]
        shift = row - centre
        rows = slice(max(0, -shift), min(height, height - shift))
        source = slice(max(0, shift), min(height, height + shift))
        out[rows] |= hit[source]
    return out


def erode(region: NDArray[np.bool_], kernel_px: int) -> NDArray[np.bool_]:
    """True where all pixels under the ellipse are; outside the picture all are."""
    return ~dilate(~region, kernel_px)


def ellipse(size_px: int) -> NDArray[Any]:
    """(size, size) uint8 of 0 and 1; every row is one run around column ``size // 2``."""
    kernel = np.zeros((size_px, size_px), np.uint8)
    radius = size_px // 2
    for row in range(size_px):
        above = row - radius
        if abs(above) > radius:
            continue
        half = round(radius * math.sqrt(1 - above * above / (radius * radius))) if radius else 0
        kernel[row, max(radius - half, 0) : min(radius + half + 1, size_px)] = 1
    return kernel
