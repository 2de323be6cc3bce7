"""Motion estimation in Numba; sums of windows are made of sums of columns, row by row."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import njit
from .plan import MOST_STEP, NOISE, RADIUS, plan
from .workspace import Workspace

__all__ = ["enlarge", "estimate", "halve", "mean_3x3", "sample", "solve"]

_WINDOW = 2 * RADIUS + 1
_NOISE = np.float32(NOISE * _WINDOW * _WINDOW)
_STEP = np.float32(MOST_STEP)
_QUARTER = np.float32(0.25)
_HALF = np.float32(0.5)
_NINTH = np.float32(1 / 9)
_ZERO = np.float32(0)
_ONE = np.float32(1)


@njit(nogil=True, cache=True, error_model="numpy")
def halve(source, target):
    """Means of 2x2 samples."""
    for y in range(target.shape[0]):
        upper, lower, row = source[2 * y], source[2 * y + 1], target[y]
        for i in range(target.shape[1]):
            x = np.uint64(2 * i)
            right = np.uint64(2 * i + 1)
            row[i] = (upper[x] + upper[right] + lower[x] + lower[right]) * _QUARTER


@njit(nogil=True, cache=True, error_model="numpy")
def sample(plane, y, x):
    """A bilinear sample at (y, x), both float32 and moved to the border from beyond it."""
    rows, columns = plane.shape
    y = min(max(y, _ZERO), np.float32(rows - 1))
    x = min(max(x, _ZERO), np.float32(columns - 1))
    top, left = min(np.int64(y), rows - 2), min(np.int64(x), columns - 2)
    down, right = y - np.float32(top), x - np.float32(left)
    up, low, at, to = np.uint64(top), np.uint64(top + 1), np.uint64(left), np.uint64(left + 1)
    above = plane[up, at] + right * (plane[up, to] - plane[up, at])
    below = plane[low, at] + right * (plane[low, to] - plane[low, at])
    return above + down * (below - above)


@njit(nogil=True, cache=True, error_model="numpy")
def _products(previous, current, shift, start, y, products):
    """Of row ``y``: gradients times gradients and times the change; (5, columns + 2 * RADIUS)."""
    rows, columns = current.shape
    row, above, below = current[y], current[max(y - 1, 0)], current[min(y + 1, rows - 1)]
    for x in range(columns):
        across = _HALF * (row[min(x + 1, columns - 1)] - row[max(x - 1, 0)])
        down = _HALF * (below[x] - above[x])
        at_y, at_x = np.float32(y) + start[1, y, x], np.float32(x) + start[0, y, x]
        change = sample(previous, at_y, at_x) + shift - row[x]
        i = np.uint64(x + RADIUS)
        products[0, i], products[1, i] = across * across, across * down
        products[2, i] = down * down
        products[3, i], products[4, i] = across * change, down * change
    for k in range(5):
        products[k, :RADIUS] = products[k, RADIUS]
        products[k, columns + RADIUS :] = products[k, columns + RADIUS - 1]


@njit(nogil=True, cache=True, error_model="numpy")
def _window_row(products, y, rows, down, sums):
    """Sums over the windows around row ``y``; ``products`` holds row r at r % _WINDOW."""
    columns = sums.shape[1]
    for k in range(5):
        line = down[k]
        line[:] = _ZERO
        for j in range(-RADIUS, RADIUS + 1):
            source = products[min(max(y + j, 0), rows - 1) % _WINDOW, k]
            for x in range(line.size):
                line[x] += source[x]
        target = sums[k]
        for x in range(columns):
            target[x] = line[x]
        for i in range(1, _WINDOW):
            for x in range(columns):
                target[x] += line[np.uint64(x + i)]


@njit(nogil=True, cache=True, error_model="numpy")
def solve(previous, current, shift, start, out):
    """One step of Lucas and Kanade from ``start``; all vectors (2, h, w)."""
    rows, columns = current.shape
    products = np.empty((_WINDOW, 5, columns + 2 * RADIUS), np.float32)
    down = np.empty((5, columns + 2 * RADIUS), np.float32)
    sums = np.empty((5, columns), np.float32)
    for y in range(-RADIUS, rows):
        ready = y + RADIUS
        if ready < rows:
            _products(previous, current, shift, start, ready, products[ready % _WINDOW])
        if y < 0:
            continue
        _window_row(products, y, rows, down, sums)
        for x in range(columns):
            xx, xy, yy = sums[0, x] + _NOISE, sums[1, x], sums[2, x] + _NOISE
            scale = _ONE / (xx * yy - xy * xy)
            step_x = (xy * sums[4, x] - yy * sums[3, x]) * scale
            step_y = (xy * sums[3, x] - xx * sums[4, x]) * scale
            out[0, y, x] = start[0, y, x] + min(max(step_x, -_STEP), _STEP)
            out[1, y, x] = start[1, y, x] + min(max(step_y, -_STEP), _STEP)


@njit(nogil=True, cache=True, error_model="numpy")
def mean_3x3(vectors, out):
    """Mean of each vector and its eight neighbours; the border is repeated."""
    _, rows, columns = vectors.shape
    line = np.empty(columns + 2, np.float32)
    for k in range(2):
        for y in range(rows):
            above, here = vectors[k, max(y - 1, 0)], vectors[k, y]
            below = vectors[k, min(y + 1, rows - 1)]
            for x in range(columns):
                line[x + 1] = above[x] + here[x] + below[x]
            line[0], line[columns + 1] = line[1], line[columns]
            for x in range(columns):
                out[k, y, x] = (line[x] + line[x + 1] + line[x + 2]) * _NINTH


@njit(nogil=True, cache=True, error_model="numpy")
def _places(count, factor, size):
    """For each of ``count`` samples the one of ``size`` before it, and how far it lies behind."""
    first, fraction = np.empty(count, np.int64), np.empty(count, np.float32)
    for i in range(count):
        at = (np.float32(i) + _HALF) / np.float32(factor) - _HALF
        at = min(max(at, _ZERO), np.float32(size - 1))
        first[i] = min(np.int64(at), size - 2)
        fraction[i] = at - np.float32(first[i])
    return first, fraction


@njit(nogil=True, cache=True, error_model="numpy")
def enlarge(vectors, factor, out):
    """Vectors at ``factor`` times the resolution, as many as ``out`` has."""
    _, rows, columns = out.shape
    gain = np.float32(factor)
    top, down = _places(rows, factor, vectors.shape[1])
    left, right = _places(columns, factor, vectors.shape[2])
    line = np.empty(vectors.shape[2], np.float32)
    for k in range(2):
        for y in range(rows):
            above, below, target = vectors[k, top[y]], vectors[k, top[y] + 1], out[k, y]
            for x in range(line.size):
                line[x] = gain * (above[x] + down[y] * (below[x] - above[x]))
            for x in range(columns):
                at = np.uint64(left[x])
                target[x] = line[at] + right[x] * (line[at + np.uint64(1)] - line[at])


def estimate(
    previous: NDArray[np.float32],
    current: NDArray[np.float32],
    shift: np.float32,
    out: NDArray[np.float32],
    workspace: Workspace,
) -> None:
    """See ``motion.estimate``; arguments are checked, the maps have two rows and columns."""
    finest, coarsest = plan(*current.shape)
    maps: list[tuple[Any, Any]] = [(previous, current)]
    for level in workspace.levels[1:]:
        halve(maps[-1][0], level.previous)
        halve(maps[-1][1], level.current)
        maps.append((level.previous, level.current))
    workspace.levels[coarsest].start[...] = 0
    for index in range(coarsest, finest - 1, -1):
        level = workspace.levels[index]
        solve(*maps[index], shift, level.start, level.solved)
        mean_3x3(level.solved, level.start if index else out)
        if index > finest:
            enlarge(level.start, 2, workspace.levels[index - 1].start)
    if finest:
        enlarge(workspace.levels[finest].start, 1 << finest, out)
