"""The definition of motion between two maps, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .plan import MOST_STEP, NOISE, RADIUS, level_size, plan

__all__ = ["enlarged", "estimate", "sampled", "solve", "window_sum"]

Map = NDArray[np.float64]


def window_sum(plane: NDArray[Any], radius: int) -> Map:
    """Sum over squares of side 2 * radius + 1; beyond the border its samples are repeated."""
    rows, columns = plane.shape
    around = np.pad(plane.astype(np.float64), radius, mode="edge")
    shifts = range(2 * radius + 1)
    total: Map = np.sum([around[y : y + rows, x : x + columns] for y in shifts for x in shifts], 0)
    return total


def sampled(plane: NDArray[Any], y: NDArray[Any], x: NDArray[Any]) -> Map:
    """Bilinear samples at (y, x), which are moved to the border from beyond it; sides >= 2."""
    rows, columns = plane.shape
    y, x = np.clip(y, 0, rows - 1), np.clip(x, 0, columns - 1)
    top, left = np.minimum(y.astype(int), rows - 2), np.minimum(x.astype(int), columns - 2)
    down, right = y - top, x - left
    plane = plane.astype(np.float64)
    above = plane[top, left] * (1 - right) + plane[top, left + 1] * right
    below = plane[top + 1, left] * (1 - right) + plane[top + 1, left + 1] * right
    result: Map = above * (1 - down) + below * down
    return result


def enlarged(vectors: NDArray[Any], rows: int, columns: int, factor: int) -> Map:
    """Vectors (2, h, w) on a map of another size and ``factor`` times the resolution."""
    y, x = (np.arange(rows) + 0.5) / factor - 0.5, (np.arange(columns) + 0.5) / factor - 0.5
    at = np.meshgrid(y, x, indexing="ij")
    return factor * np.stack([sampled(part, *at) for part in vectors])


def solve(previous: NDArray[Any], current: NDArray[Any], vectors: NDArray[Any]) -> Map:
    """One step of Lucas and Kanade on one level from ``vectors`` (2, h, w), then their 3x3 mean."""
    rows, columns = current.shape
    around = np.pad(current.astype(np.float64), 1, mode="edge")
    across = 0.5 * (around[1:-1, 2:] - around[1:-1, :-2])
    down = 0.5 * (around[2:, 1:-1] - around[:-2, 1:-1])
    y, x = np.mgrid[:rows, :columns]
    change = sampled(previous, y + vectors[1], x + vectors[0]) - current
    noise = NOISE * (2 * RADIUS + 1) ** 2
    xx, yy = (window_sum(part * part, RADIUS) + noise for part in (across, down))
    xy = window_sum(across * down, RADIUS)
    x_change, y_change = (window_sum(part * change, RADIUS) for part in (across, down))
    determinant = xx * yy - xy * xy
    steps = xy * y_change - yy * x_change, xy * x_change - xx * y_change
    moved = vectors + np.clip(np.stack(steps) / determinant, -MOST_STEP, MOST_STEP)
    return np.stack([window_sum(part, 1) / 9 for part in moved])


def estimate(previous: NDArray[Any], current: NDArray[Any], shift: float = 0.0) -> Map:
    """See ``motion.estimate``."""
    rows, columns = current.shape
    if min(rows, columns) < 2:
        return np.zeros((2, rows, columns))
    finest, coarsest = plan(rows, columns)
    vectors = np.zeros((2, *level_size(rows, columns, coarsest)))
    for level in range(coarsest, finest - 1, -1):
        size = level_size(rows, columns, level)
        if level < coarsest:
            vectors = enlarged(vectors, *size, 2)
        vectors = solve(_shrunk(previous, level) + shift, _shrunk(current, level), vectors)
    return enlarged(vectors, rows, columns, 1 << finest) if finest else vectors


def _shrunk(plane: NDArray[Any], level: int) -> Map:
    """Means of squares of 2^level samples."""
    rows, columns = level_size(plane.shape[0], plane.shape[1], level)
    side = 1 << level
    cells = plane[: rows * side, : columns * side].reshape(rows, side, columns, side)
    means: Map = cells.astype(np.float64).mean(axis=(1, 3))
    return means
