"""Motion-gated smoothing in Numba: a tile that was and is solid costs one look at its alpha."""

import numpy as np

from ..jit import njit
from .gates import DISAGREEMENT, DRIFT_HIGH, DRIFT_LOW, MOTION_HIGH, MOTION_LOW, SNAP
from .state import BLOCK_PX, TILE_PX

__all__ = ["blend", "block_means", "coarse_means", "start"]

_TILE_BLOCKS = TILE_PX // BLOCK_PX
_HIGH = np.float32(MOTION_HIGH)
_SLOPE = np.float32(1 / (MOTION_HIGH - MOTION_LOW))
_DRIFT_HIGH = np.float32(DRIFT_HIGH)
_DRIFT_SLOPE = np.float32(1 / (DRIFT_HIGH - DRIFT_LOW))
_DISAGREEMENT = np.float32(1 / DISAGREEMENT)
_SNAP = np.float32(SNAP)
_FULL = np.float32(65535)
_ONE = np.float32(1)
_ZERO = np.float32(0)
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
def stillness(previous, current, shift, by, start, end, still):
    """1 where a block of row ``by`` and its neighbours are still, 0 where something moves."""
    rows, columns = current.shape
    worst, total = np.zeros(_TILE_BLOCKS + 2, np.float32), np.zeros(_TILE_BLOCKS + 2, np.float32)
    for j in range(by - 1, by + 2):
        y = min(max(j, 0), rows - 1)
        before, now = previous[y], current[y]
        for i in range(start - 1, end + 1):
            x = min(max(i, 0), columns - 1)
            change = now[x] - before[x] - shift
            size = abs(change)
            worst[i - start + 1] = size if size > worst[i - start + 1] else worst[i - start + 1]
            total[i - start + 1] += change
    for i in range(end - start):
        size = worst[i] if worst[i] > worst[i + 1] else worst[i + 1]
        size = size if size > worst[i + 2] else worst[i + 2]
        drift = abs(total[i] + total[i + 1] + total[i + 2]) * np.float32(1 / 9)
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
        row = alpha[yy, x:end_x]
        for i in range(row.size):
            some |= row[i]
            every &= row[i]
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
def _blend_row(source, kept, target, share):
    """One row of a tile."""
    for x in range(source.size):
        value = np.float32(source[x])
        difference = kept[x] - value
        ratio = difference * _DISAGREEMENT
        square = ratio * ratio
        moved = share[x] * difference / (_ONE + square * square)
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
    picture became, ``keep`` the share of the memory that a
    still picture keeps.
    """
    share, still = np.empty(TILE_PX, np.float32), np.zeros(_TILE_BLOCKS, np.float32)
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
            stillness(previous, current, shift, by, first, end, still)
            for i in range(TILE_PX):
                share[i] = keep * still[i // BLOCK_PX]
            for yy in range(y, end_y):
                kept, target = memory[yy, x:end_x], out[yy, x:end_x]
                _blend_row(alpha[yy, x:end_x], kept, target, share)
            solid[by, tile] = _memory_kind(memory, y, end_y, x, end_x)
