"""Motion-gated smoothing in Numba: blocks that were and are solid cost one look at alpha."""

import numpy as np
from numba import njit

from .gates import DISAGREEMENT, MAX_KEEP, MOTION_HIGH, MOTION_LOW, SNAP

__all__ = ["block_means", "blend", "start", "stillness"]

_KEEP = np.float32(MAX_KEEP)
_HIGH = np.float32(MOTION_HIGH)
_SLOPE = np.float32(1 / (MOTION_HIGH - MOTION_LOW))
_DISAGREEMENT = np.float32(1 / DISAGREEMENT)
_SNAP = np.float32(SNAP)
_ONE = np.float32(1)
_ZERO = np.float32(0)
_HALF = np.float32(0.5)


@njit(nogil=True, cache=True)
def block_means(luma, width, scale, means, first_block, end_block):
    """Mean of 4x4 blocks of a padded (H, stride) plane, times ``scale``, for rows of blocks."""
    height = luma.shape[0]
    full = width // 4
    for by in range(first_block, end_block):
        y = by * 4
        if y + 4 <= height:
            r0, r1, r2, r3 = luma[y], luma[y + 1], luma[y + 2], luma[y + 3]
            for bx in range(full):
                total = np.uint32(0)
                for i in range(4):
                    x = bx * 4 + i
                    total += np.uint32(r0[x]) + np.uint32(r1[x]) + np.uint32(r2[x]) + np.uint32(r3[x])
                means[by, bx] = np.float32(total) * (scale * np.float32(0.0625))
            first = full
        else:
            first = 0
        for bx in range(first, means.shape[1]):
            partial = 0
            count = 0
            for yy in range(y, min(y + 4, height)):
                for xx in range(bx * 4, min(bx * 4 + 4, width)):
                    partial += luma[yy, xx]
                    count += 1
            means[by, bx] = np.float32(partial) * (scale / np.float32(count))


@njit(nogil=True, cache=True)
def stillness(previous, current, still, first_block, end_block):
    """1 where a block and its neighbours are still, falling to 0 where the worst of them moves."""
    rows, columns = current.shape
    for by in range(first_block, end_block):
        for bx in range(columns):
            worst = _ZERO
            for ny in range(max(by - 1, 0), min(by + 2, rows)):
                for nx in range(max(bx - 1, 0), min(bx + 2, columns)):
                    worst = max(worst, abs(current[ny, nx] - previous[ny, nx]))
            still[by, bx] = min(_ONE, max(_ZERO, (_HIGH - worst) * _SLOPE))


@njit(nogil=True, cache=True)
def _solid_kind(alpha, y, end_y, x, end_x):
    first = alpha[y, x]
    if first != 0 and first != 65535:
        return np.uint8(0)
    for yy in range(y, end_y):
        for xx in range(x, end_x):
            if alpha[yy, xx] != first:
                return np.uint8(0)
    return np.uint8(1) if first == 0 else np.uint8(2)


@njit(nogil=True, cache=True)
def start(alpha, width, out, memory, solid, first_block, end_block):
    """A fresh memory: alpha as it is."""
    for by in range(first_block, end_block):
        end_y = min(by * 4 + 4, alpha.shape[0])
        for y in range(by * 4, end_y):
            for x in range(width):
                value = alpha[y, x]
                memory[y, x] = np.float32(value)
                out[y, x] = value
        for bx in range(solid.shape[1]):
            x = bx * 4
            solid[by, bx] = _solid_kind(alpha, by * 4, end_y, x, min(x + 4, width))


@njit(nogil=True, cache=True)
def blend(alpha, width, out, memory, solid, still, strength, first_block, end_block):
    """Blend alpha with the memory, for rows of blocks; ``out`` may be ``alpha``."""
    height = alpha.shape[0]
    for by in range(first_block, end_block):
        y = by * 4
        end_y = min(y + 4, height)
        for bx in range(solid.shape[1]):
            x = bx * 4
            end_x = min(x + 4, width)
            kind = _solid_kind(alpha, y, end_y, x, end_x)
            if kind != 0 and kind == solid[by, bx]:
                for yy in range(y, end_y):
                    for xx in range(x, end_x):
                        out[yy, xx] = alpha[yy, xx]
                continue
            share = _KEEP * strength * still[by, bx]
            for yy in range(y, end_y):
                for xx in range(x, end_x):
                    value = np.float32(alpha[yy, xx])
                    difference = memory[yy, xx] - value
                    ratio = difference * _DISAGREEMENT
                    square = ratio * ratio
                    moved = share * difference / (_ONE + square * square)
                    if (value == _ZERO or value == np.float32(65535)) and abs(moved) < _SNAP:
                        moved = _ZERO
                    memory[yy, xx] = value + moved
                    out[yy, xx] = np.uint16(value + moved + _HALF)
            solid[by, bx] = _memory_kind(memory, y, end_y, x, end_x)


@njit(nogil=True, cache=True)
def _memory_kind(memory, y, end_y, x, end_x):
    first = memory[y, x]
    if first != _ZERO and first != np.float32(65535):
        return np.uint8(0)
    for yy in range(y, end_y):
        for xx in range(x, end_x):
            if memory[yy, xx] != first:
                return np.uint8(0)
    return np.uint8(1) if first == _ZERO else np.uint8(2)
