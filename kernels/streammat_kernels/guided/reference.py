"""The definition of guided upsampling, in NumPy, dense and in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import (
    ALPHA_NOISE,
    LUMA_NOISE,
    SHARPENING_STEPS,
    SOLID,
    area_matrix,
    bilinear_matrix,
)

__all__ = ["guided_upsample"]

Array = NDArray[np.float64]


def guided_upsample(alpha: NDArray[Any], guide: NDArray[Any]) -> Array:
    """(H, W) alpha, 0..65535 and not rounded, from (h, w) alpha 0..1 and the (H, W) guide 0..1.

    See ``streammat_kernels.guided.guided_upsample`` for the method.
    """
    height, width = guide.shape
    small = _fitted(alpha.astype(np.float64), height, width)
    small = np.where(small < SOLID, 0.0, np.where(small > 1 - SOLID, 1.0, small))
    rows, columns = small.shape
    area_y, area_x = area_matrix(rows, height), area_matrix(columns, width)
    up_y, up_x = bilinear_matrix(rows, height), bilinear_matrix(columns, width)
    small_guide = area_y @ guide @ area_x.T
    blur_y, blur_x = area_y @ up_y, area_x @ up_x

    slope = _box(_slope(small, small_guide)).mean(axis=0)
    goal = small - (blur_y @ slope @ blur_x.T) * small_guide
    offset = goal
    for _ in range(SHARPENING_STEPS):
        offset = offset + goal - blur_y @ offset @ blur_x.T

    lowest, highest, solid = _limits(small, up_y, up_x)
    result = up_y @ slope @ up_x.T * guide + up_y @ offset @ up_x.T
    result = np.clip(result, lowest, highest)
    return np.where(solid, lowest.round(), result) * 65535.0


def _fitted(alpha: Array, height: int, width: int) -> Array:
    """Area-averaged along the axes on which the picture has fewer samples than alpha."""
    rows, columns = alpha.shape
    if rows > height:
        alpha = area_matrix(height, rows) @ alpha
    if columns > width:
        alpha = alpha @ area_matrix(width, columns).T
    return alpha


def _box(plane: Array) -> Array:
    """(9, h, w): every sample's 3x3 neighbours, borders replicated."""
    rows, columns = plane.shape
    around = np.pad(plane, 1, mode="edge")
    return np.array([around[y : y + rows, x : x + columns] for y in range(3) for x in range(3)])


def _slope(alpha: Array, guide: Array) -> Array:
    """How alpha follows the guide around each cell, times the squared share that it explains."""
    alphas, guides = _box(alpha), _box(guide)
    alphas -= alphas.mean(axis=0)
    guides -= guides.mean(axis=0)
    covariance = (alphas * guides).mean(axis=0)
    slope = covariance / ((guides**2).mean(axis=0) + LUMA_NOISE)
    explained = slope * covariance / ((alphas**2).mean(axis=0) + ALPHA_NOISE)
    trusted: Array = slope * explained**2
    return trusted


def _limits(alpha: Array, up_y: Array, up_x: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Per pixel: least and greatest of its 4x4 cells; whether the inner 2x2 are all 0 or all 1."""
    around = np.pad(alpha, 2, mode="edge")
    first_y, first_x = _first_cell(up_y), _first_cell(up_x)

    def cells(count: int, offset: int) -> Array:
        steps = range(offset, offset + count)
        return np.array(
            [around[np.ix_(first_y + 2 + y, first_x + 2 + x)] for y in steps for x in steps]
        )

    inner, outer = cells(2, 0), cells(4, -1)
    lowest, highest = outer.min(axis=0), outer.max(axis=0)
    zero, one = (inner == 0).all(axis=0), (inner == 1).all(axis=0)
    lowest, highest = np.where(one, 1.0, lowest), np.where(zero, 0.0, highest)
    lowest = np.where(zero, 0.0, lowest)
    return lowest, np.where(one, 1.0, highest), zero | one


def _first_cell(up: Array) -> NDArray[np.int64]:
    """The upper or left of the two cells between which a pixel lies; -1 before the first centre."""
    small = up.shape[1]
    at = (np.arange(up.shape[0]) + 0.5) * (small / up.shape[0]) - 0.5
    first: NDArray[np.int64] = np.floor(at).astype(np.int64)
    return first
