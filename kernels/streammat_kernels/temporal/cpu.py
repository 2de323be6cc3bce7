"""Motion-gated smoothing in Numba: a tile that was and is solid costs one look at its alpha."""

import numpy as np

from ..jit import njit
from .gates import (
    DRIFT_HIGH,
    DRIFT_LOW,
    MOTION_HIGH,
    MOTION_LOW,
    SNAP,
    SUDDEN_HIGH,
    SUDDEN_LOW,
    TREMBLE,
)
from .state import BLOCK_PX, TILE_PX

__all__ = ["blend", "block_means", "coarse_means", "start"]

_TILE_BLOCKS = TILE_PX // BLOCK_PX
_HIGH = np.float32(MOTION_HIGH)
_SLOPE = np.float32(1 / (MOTION_HIGH - MOTION_LOW))
_DRIFT_HIGH = np.float32(DRIFT_HIGH)
_DRIFT_SLOPE = np.float32(1 / (DRIFT_HIGH - DRIFT_LOW))
_TREMBLE = np.float32(1 / TREMBLE)
_SUDDEN_LOW = np.float32(SUDDEN_LOW)
_SUDDEN = np.float32(1 / (SUDDEN_HIGH - SUDDEN_LOW))
_SNAP = np.float32(SNAP)
_FULL = np.float32(65535)
_ONE = np.float32(1)
_ZERO = np.float32(0)
_TWO = np.float32(2)
_THREE = np.float32(3)
_HALF = np.float32(0.5)


@njit(nogil=True, cache=True, error_model="numpy")
def block_means(luma, width, scale, means, first_block, end_block):
    """Mean of 4x4 blocks of a padded (H, stride) plane, times ``scale``, for rows of blocks."""
    height = luma.shape[0]
    blocks = width // BLOCK_PX
    line = np.empty(width, np.int32)
    for by in range(first_block, end_block):
        y = by * BLOCK_PX
        rows = min(BLOCK_PX, height - y)
        line[:] = 0
        for j in range(rows):
            row = luma[y + j, :width]
            for x in range(width):
                line[x] += np.int32(row[x])
        target = means[by]
        gain = scale / np.float32(BLOCK_PX * rows)
        for bx in range(blocks):
            x = bx * 4
            target[bx] = np.float32(line[x] + line[x + 1] + line[x + 2] + line[x + 3]) * gain
        if blocks < target.size:
            rest = line[blocks * BLOCK_PX :]
            target[blocks] = np.float32(rest.sum()) * (scale / np.float32(rest.size * rows))


@njit(nogil=True, cache=True, error_model="numpy")
def stillness(previous, current, shift, by, start, end, changes, still):
    """1 where a block of row ``by`` and its neighbours are still, 0 where something moves.

    ``changes``: (2, blocks of a tile + 2) scratch, the worst and the summed change of three rows.
    """
    rows, columns = current.shape
    up, down = max(by - 1, 0), min(by + 1, rows - 1)
    first, last = max(start - 1, 0), min(end + 1, columns)
    at, count = first - start + 1, last - first
    worst, total = changes[0, at : at + count], changes[1, at : at + count]
    for i in range(count):
        x = np.uint64(first + i)
        above = current[up, x] - previous[up, x] - shift
        here = current[by, x] - previous[by, x] - shift
        below = current[down, x] - previous[down, x] - shift
        worst[i] = max(abs(above), abs(here), abs(below))
        total[i] = above + here + below
    width = end - start
    for k in range(2):
        if first == start:
            changes[k, 0] = changes[k, 1]
        if last == end:
            changes[k, width + 1] = changes[k, width]
    for i in range(width):
        size = max(changes[0, i], changes[0, i + 1], changes[0, i + 2])
        drift = abs(changes[1, i] + changes[1, i + 1] + changes[1, i + 2]) * np.float32(1 / 9)
        value = min((_HIGH - size) * _SLOPE, (_DRIFT_HIGH - drift) * _DRIFT_SLOPE)
        still[i] = min(_ONE, max(_ZERO, value))


@njit(nogil=True, cache=True, error_model="numpy")
def coarse_means(means, step_y, step_x, coarse):
    """Means of step_y x step_x blocks; blocks that do not fill a cell are left out."""
    columns = coarse.shape[1] * step_x
    line = np.empty(columns, np.float32)
    for cy in range(coarse.shape[0]):
        line[:] = _ZERO
        for y in range(cy * step_y, (cy + 1) * step_y):
            row = means[y]
            for x in range(columns):
                line[x] += row[x]
        for cx in range(coarse.shape[1]):
            coarse[cy, cx] = line[cx * step_x : (cx + 1) * step_x].sum() / (step_y * step_x)


@njit(nogil=True, cache=True, error_model="numpy")
def _solid_kind(alpha, y, end_y, x, end_x):
    """1 where the tile is all 0, 2 where it is all 65535, else 0."""
    first = alpha[y, x]
    if 0 < first < 65535:
        return np.uint8(0)
    some, every = np.uint16(0), np.uint16(65535)
    for yy in range(y, end_y):
        for xx in range(x, end_x):  # no view of the tile: counting references costs more than this
            some |= alpha[yy, np.uint64(xx)]
            every &= alpha[yy, np.uint64(xx)]
    if some == 0:
        return np.uint8(1)
    return np.uint8(2) if every == 65535 else np.uint8(0)


@njit(nogil=True, cache=True, error_model="numpy")
def start(alpha, width, out, memory, solid, first_block, end_block):
    """A fresh memory: alpha as it is."""
    for by in range(first_block, end_block):
        y, end_y = by * BLOCK_PX, min(by * BLOCK_PX + BLOCK_PX, alpha.shape[0])
        for yy in range(y, end_y):
            source, target, kept = alpha[yy, :width], out[yy, :width], memory[yy]
            for x in range(width):
                kept[x] = np.float32(source[x])
                target[x] = source[x]
        for tile in range(solid.shape[1]):
            x = tile * TILE_PX
            solid[by, tile] = _solid_kind(alpha, y, end_y, x, min(x + TILE_PX, width))


@njit(nogil=True, cache=True, error_model="numpy")
def _blend_row(source, kept, target, share, small, large):
    """One row of a tile; ``share``: how still the picture is."""
    for x in range(source.size):
        value = np.float32(source[x])
        difference = kept[x] - value
        ratio = difference * _TREMBLE
        square = ratio * ratio
        size = min(_ONE, max(_ZERO, (abs(difference) - _SUDDEN_LOW) * _SUDDEN))
        keep = max(small / (_ONE + square * square), large * (size * size * (_THREE - _TWO * size)))
        moved = share[x] * keep * difference
        exact = (value == _ZERO) | (value == _FULL)
        new = value if exact & (abs(moved) < _SNAP) else value + moved
        kept[x] = new
        target[x] = np.uint16(np.int32(new + _HALF))


@njit(nogil=True, cache=True, error_model="numpy")
def _memory_kind(memory, y, end_y, x, end_x):
    """1 where the tile of memory is all 0, 2 where it is all 65535, else 0."""
    first = memory[y, x]
    if _ZERO < first < _FULL:
        return np.uint8(0)
    for yy in range(y, end_y):
        for xx in range(x, end_x):
            if memory[yy, xx] != first:
                return np.uint8(0)
    return np.uint8(1) if first == _ZERO else np.uint8(2)


@njit(nogil=True, cache=True, error_model="numpy")
def blend(
    alpha,
    width,
    out,
    in_place,
    memory,
    solid,
    previous,
    current,
    shift,
    keep,
    first_block,
    end_block,
):
    """Blend alpha with the memory, for rows of blocks; ``in_place``: ``out`` is ``alpha``.

    ``previous`` and ``current`` are the block means of luma, ``shift`` how much brighter the whole
    picture became, ``keep`` the shares of the memory that a still picture keeps (``gates.keeps``).
    """
    share, still = np.empty(TILE_PX, np.float32), np.zeros(_TILE_BLOCKS, np.float32)
    changes = np.empty((2, _TILE_BLOCKS + 2), np.float32)
    for by in range(first_block, end_block):
        y, end_y = by * BLOCK_PX, min(by * BLOCK_PX + BLOCK_PX, alpha.shape[0])
        for tile in range(solid.shape[1]):
            x, end_x = tile * TILE_PX, min(tile * TILE_PX + TILE_PX, width)
            kind = _solid_kind(alpha, y, end_y, x, end_x)
            if kind != 0 and kind == solid[by, tile]:
                if not in_place:
                    for yy in range(y, end_y):
                        out[yy, x:end_x] = alpha[yy, x]
                continue
            first, end = x // BLOCK_PX, -(-end_x // BLOCK_PX)
            stillness(previous, current, shift, by, first, end, changes, still)
            for i in range(TILE_PX):
                share[i] = still[i // BLOCK_PX]
            for yy in range(y, end_y):
                kept, target = memory[yy, x:end_x], out[yy, x:end_x]
                _blend_row(alpha[yy, x:end_x], kept, target, share, keep[0], keep[1])
            solid[by, tile] = _memory_kind(memory, y, end_y, x, end_x)
