"""Motion-compensated smoothing in Numba: a tile that was and is solid costs one look at its alpha.

This part measures luma and blends; ``cpu_follow`` moves the memory to where the picture went.
"""

import numpy as np

from ..jit import njit
from ..motion.cpu import sample
from .gates import (
    BROAD,
    BROAD_CURVE,
    BROAD_HIGH,
    BROAD_LOW,
    MOVING,
    MOVING_SHARE,
    NARROW_CURVE,
    SNAP,
    STILL,
    WITNESS,
    WITNESS_RADIUS,
    WITNESS_STEP,
)
from .state import BLOCK_PX, TILE_PX

__all__ = ["blend", "block_means", "coarse_means", "solid_kind", "start"]

_STILL = np.array(STILL, np.float32)
_MOVING = np.array(MOVING, np.float32)
_BROAD = np.array(BROAD, np.float32)
_NARROW_CURVE = np.array(NARROW_CURVE, np.float32)
_BROAD_CURVE = np.array(BROAD_CURVE, np.float32)
_SHARPNESS = np.float32(1 / NARROW_CURVE.tremble)
_LOW = np.float32(NARROW_CURVE.sudden_low)
_SLOPE = np.float32(1 / (NARROW_CURVE.sudden_high - NARROW_CURVE.sudden_low))
_BROAD_LOW = np.float32(BROAD_LOW)
_BROAD_SLOPE = np.float32(1 / (BROAD_HIGH - BROAD_LOW))
_MOVING_SHARE = np.float32(MOVING_SHARE)
_SUDDEN = np.float32(NARROW_CURVE.sudden_low * 65535)
_RESIDUAL = np.float32(WITNESS.residual)
_SLOPE_SHARE = np.float32(WITNESS.slope)
_WITNESS_SHARE = np.float32(len(range(-WITNESS_RADIUS, WITNESS_RADIUS + 1, WITNESS_STEP)) ** -2)
_WITNESS_LOW = np.float32(WITNESS.low)
_WITNESS_SLOPE = np.float32(1 / (WITNESS.high - WITNESS.low))
_SNAP = np.float32(SNAP)
_FULL = np.float32(65535)
_CODE = np.float32(1 / 65535)
_NINTH = np.float32(1 / 9)
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
def solid_kind(alpha, y, end_y, x, end_x):
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
            solid[by, tile] = solid_kind(alpha, y, end_y, x, min(x + TILE_PX, width))


@njit(nogil=True, cache=True, error_model="numpy")
def _unexplained(previous, current, shift, across, down, y, x):
    """How far block (y, x) is from being explained by a vector, 0 (it is) to 1; see reference."""
    last_y, last_x = current.shape[0] - 1, current.shape[1] - 1
    over, under = current[max(y - 1, 0), x], current[min(y + 1, last_y), x]
    left, right = current[y, max(x - 1, 0)], current[y, min(x + 1, last_x)]
    slope = max(abs(under - over), abs(right - left))
    if across == _ZERO and down == _ZERO:
        before = previous[y, x]
    else:
        before = sample(previous, np.float32(y) + down, np.float32(x) + across)
    residual = abs(before + shift - current[y, x]) / (_RESIDUAL + _SLOPE_SHARE * slope)
    return min(_ONE, max(_ZERO, residual - _ONE))


@njit(nogil=True, cache=True, error_model="numpy")
def _witness(previous, current, shift, vectors, by, bx):
    """Of one block, see reference; beyond the border blocks are repeated."""
    rows, columns = current.shape
    across, down = vectors[0, by, bx], vectors[1, by, bx]
    total = _ZERO
    for j in range(-WITNESS_RADIUS, WITNESS_RADIUS + 1, WITNESS_STEP):
        y = min(max(by + j, 0), rows - 1)
        for i in range(-WITNESS_RADIUS, WITNESS_RADIUS + 1, WITNESS_STEP):
            x = min(max(bx + i, 0), columns - 1)
            total += _unexplained(previous, current, shift, across, down, y, x)
    share = _ONE - total * _WITNESS_SHARE
    return min(_ONE, max(_ZERO, (share - _WITNESS_LOW) * _WITNESS_SLOPE))


@njit(nogil=True, cache=True, error_model="numpy")
def _any_sudden(alpha, memory, y, end_y, x, end_x):
    """Whether a pixel's alpha is so far from the memory that a witness is asked for."""
    for yy in range(y, end_y):
        for xx in range(x, end_x):
            if abs(memory[yy, np.uint64(xx)] - np.float32(alpha[yy, np.uint64(xx)])) > _SUDDEN:
                return True
    return False


@njit(nogil=True, cache=True, error_model="numpy")
def _three_rows(residual, difference, by, first, end, columns):
    """Of blocks ``first`` - 1 to ``end``, with those above and below: largest and summed residual
    and summed difference, (3, blocks); beyond the border it is repeated."""
    rows, last = residual.shape[0], residual.shape[1] - 1
    above, below = max(by - 1, 0), min(by + 1, rows - 1)
    for i in range(end - first + 2):
        x = np.uint64(min(max(first - 1 + i, 0), last))
        up, here, down = residual[above, x], residual[by, x], residual[below, x]
        columns[0, i] = max(abs(up), abs(here), abs(down))
        columns[1, i] = up + here + down
        columns[2, i] = difference[above, x] + difference[by, x] + difference[below, x]


@njit(nogil=True, cache=True, error_model="numpy")
def _block_shares(worst, drift, broad, moves, keep):
    """Shares of the memory that a block keeps against small and large differences, see
    reference.stillness and blend.

    ``worst`` and ``drift`` are the largest and the mean residual of it and its neighbours,
    ``broad`` says how broad the difference of alpha and memory is, 0..1.
    """
    limits = _MOVING if moves else _STILL
    worst_low = limits[0] + broad * (_BROAD[0] - limits[0])
    worst_high = limits[1] + broad * (_BROAD[1] - limits[1])
    drift_low = limits[2] + broad * (_BROAD[2] - limits[2])
    drift_high = limits[3] + broad * (_BROAD[3] - limits[3])
    calm = (worst_high - worst) / (worst_high - worst_low)
    steady = (drift_high - drift) / (drift_high - drift_low)
    still = min(_ONE, max(_ZERO, min(calm, steady)))
    share = _MOVING_SHARE + (_ONE - _MOVING_SHARE) * broad if moves else _ONE
    return still * share * keep[0], still * keep[1]


@njit(nogil=True, cache=True, error_model="numpy")
def _blended(value, memory, small, large, sharpness, low, slope):
    """The new memory of one pixel; ``low`` and ``slope`` of the curve of large differences."""
    difference = memory - value
    size = abs(difference) * _CODE
    ratio = size * sharpness
    square = ratio * ratio
    far = min(_ONE, max(_ZERO, (size - low) * slope))
    keep = max(small / (_ONE + square * square), large * (far * far * (_THREE - _TWO * far)))
    moved = keep * difference
    exact = (value == _ZERO) | (value == _FULL)
    return value if exact & (abs(moved) < _SNAP) else value + moved


@njit(nogil=True, cache=True, error_model="numpy")
def _blend_row(values, kept, target, small, large):
    """One row of a tile without broad differences: the narrow curve's terms are constants."""
    for x in range(target.size):
        new = _blended(values[x], kept[x], small[x], large[x], _SHARPNESS, _LOW, _SLOPE)
        kept[x] = new
        target[x] = np.uint16(np.int32(new + _HALF))


@njit(nogil=True, cache=True, error_model="numpy")
def _blend_broad_row(values, kept, target, small, large, broad):
    """One row of a tile with broad differences."""
    for x in range(target.size):
        value, part = values[x], broad[x]
        tremble = _NARROW_CURVE[0] + part * (_BROAD_CURVE[0] - _NARROW_CURVE[0])
        low = _NARROW_CURVE[1] + part * (_BROAD_CURVE[1] - _NARROW_CURVE[1])
        high = _NARROW_CURVE[2] + part * (_BROAD_CURVE[2] - _NARROW_CURVE[2])
        slope = _ONE / (high - low)
        new = _blended(value, kept[x], small[x], large[x], _ONE / tremble, low, slope)
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
def _tile_shares(maps, shift, keep, alpha, memory, by, first, end, columns, shares):
    """``_block_shares`` of blocks ``first`` to ``end`` of row ``by``, once for each pixel: (3, 64).

    Whether a difference of them is broad. ``columns`` is scratch, (3, blocks + 2).
    """
    previous, current, residual, difference, vectors = maps
    y, end_y, end_x = by * BLOCK_PX, min(by * BLOCK_PX + BLOCK_PX, alpha.shape[0]), memory.shape[1]
    some = False
    _three_rows(residual, difference, by, first, end, columns)
    for i in range(end - first):
        x = (first + i) * BLOCK_PX
        worst = max(columns[0, i], columns[0, i + 1], columns[0, i + 2])
        drift = abs(columns[1, i] + columns[1, i + 1] + columns[1, i + 2]) * _NINTH
        differs = abs(columns[2, i] + columns[2, i + 1] + columns[2, i + 2]) * _NINTH
        broad, told = min(_ONE, max(_ZERO, (differs - _BROAD_LOW) * _BROAD_SLOPE)), _ZERO
        # Where neither counts, nobody is asked: that is nearly everywhere.
        if broad > _ZERO or _any_sudden(alpha, memory, y, end_y, x, min(x + BLOCK_PX, end_x)):
            told = _witness(previous, current, shift, vectors, by, first + i)
        broad *= told
        moves = vectors[0, by, first + i] != _ZERO or vectors[1, by, first + i] != _ZERO
        small, large = _block_shares(worst, drift, broad, moves, keep)
        for j in range(BLOCK_PX):
            at = np.uint64(i * BLOCK_PX + j)
            shares[0, at], shares[1, at], shares[2, at] = small, large * told, broad
        some |= broad > _ZERO
    return some


@njit(nogil=True, cache=True, error_model="numpy")
def blend(
    alpha, width, out, in_place, memory, solid, sure, maps, shift, keep, first_block, end_block
):
    """Blend alpha with the memory, for rows of blocks; ``in_place``: ``out`` is ``alpha``.

    ``maps`` are the frames' luma, that before first, and what ``cpu_follow`` made of the blocks:
    residual, difference and vectors; ``shift`` is the change of brightness, ``keep`` the shares of
    the memory that a still picture keeps (``gates.keeps``). ``sure``: tiles of memory that are
    solid are so in alpha, too, which ``cpu_follow.recall`` has looked at.
    """
    columns = np.empty((3, TILE_PX // BLOCK_PX + 2), np.float32)
    shares = np.empty((3, TILE_PX), np.float32)
    values = np.empty(TILE_PX, np.float32)  # a copy: where out is alpha, no loop can be vectorised
    for by in range(first_block, end_block):
        y, end_y = by * BLOCK_PX, min(by * BLOCK_PX + BLOCK_PX, alpha.shape[0])
        for tile in range(solid.shape[1]):
            x, end_x = tile * TILE_PX, min(tile * TILE_PX + TILE_PX, width)
            kind = solid[by, tile]
            if kind != 0 and (sure or kind == solid_kind(alpha, y, end_y, x, end_x)):
                if not in_place:
                    for yy in range(y, end_y):
                        out[yy, x:end_x] = alpha[yy, x]
                continue
            first, end = x // BLOCK_PX, -(-end_x // BLOCK_PX)
            broad = _tile_shares(maps, shift, keep, alpha, memory, by, first, end, columns, shares)
            for yy in range(y, end_y):
                for i in range(end_x - x):
                    values[i] = np.float32(alpha[yy, x + i])
                rows = values, memory[yy, x:end_x], out[yy, x:end_x]
                if broad:
                    _blend_broad_row(*rows, shares[0], shares[1], shares[2])
                else:
                    _blend_row(*rows, shares[0], shares[1])
            solid[by, tile] = _memory_kind(memory, y, end_y, x, end_x)
