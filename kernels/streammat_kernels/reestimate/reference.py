"""The definition: one relaxation sweep over the whole picture in NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["jacobi_sweep", "shrink"]

Levels = NDArray[np.float64]


def jacobi_sweep(colours: Levels, weighted: Levels, alpha: Levels) -> Levels:
    """All pixels at once from the previous estimate.

    Args:
        colours: (H, W, 3) the estimate, 0..1.
        weighted: (H, W, 3) alpha times the given colours.
        alpha: (H, W), 0..1.
    """
    loose = (1 - alpha) ** 2
    around = np.pad(loose, 1, "reflect")
    padded = np.pad(colours, ((1, 1), (1, 1), (0, 0)), "reflect")
    H, W = alpha.shape
    above = alpha[..., None] * weighted
    below = alpha**2 + 4 * loose
    for down, across in ((0, 1), (2, 1), (1, 0), (1, 2)):
        part = slice(down, down + H), slice(across, across + W)
        above = above + (loose + around[part])[..., None] * padded[part]
        below = below + around[part]
    return np.asarray(above / below[..., None], np.float64)


def shrink(
    values: Levels, height: int, width: int, place_beside: Callable[[Any], Any] = np.asarray
) -> Levels:
    """Linear interpolation at half-pixel centres, no averaging: (h, w, C) of (H, W, C).

    ``place_beside`` brings positions and weights to where ``values`` lie.
    """
    for axis, size in ((0, height), (1, width)):
        length = values.shape[axis]
        place = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        first = np.floor(place).astype(np.int64)
        shape = [1, 1, 1]
        shape[axis] = -1
        weight = place_beside((place - first).reshape(shape))
        second = place_beside(np.minimum(first + 1, length - 1))
        first = place_beside(first)
        values = values.take(first, axis) * (1 - weight) + values.take(second, axis) * weight
    return values
