"""Motion-compensated smoothing in Numba, first part: which vectors hold, and the memory along them.

Memory is moved tile by tile from one buffer into the other; where a tile was solid wherever it
comes from and is solid now, the other buffer is not even written if it holds the same already.
"""

import numpy as np

from ..jit import njit
from ..motion.cpu import sample
from .cpu import solid_kind
from .gates import EXPLAINED
from .state import BLOCK_PX, TILE_PX

__all__ = ["follow", "recall", "without_motion"]

_RADIUS = 2
_WINDOW = 2 * _RADIUS + 1
_EXPLAINED = np.float32(EXPLAINED)
_SIDE = np.float32(BLOCK_PX)
_ZERO = np.float32(0)
_FULL = np.float32(65535)
_CODE_16 = np.float32(1 / 65535 / BLOCK_PX**2)


@njit(nogil=True, cache=True, error_model="numpy")
def without_motion(previous, current, shift, residual):
    """The residual where nothing is followed."""
    for y in range(current.shape[0]):
        for x in range(current.shape[1]):
            residual[y, x] = previous[y, x] + shift - current[y, x]


@njit(nogil=True, cache=True, error_model="numpy")
def _changes(previous, current, shift, found, y, line):
    """Of row ``y``: change without and along the vectors, and what they explain, (3, columns)."""
    columns = current.shape[1]
    for x in range(columns):
        here = current[y, x] - shift
        at_y, at_x = np.float32(y) + found[1, y, x], np.float32(x) + found[0, y, x]
        without, along = previous[y, x] - here, sample(previous, at_y, at_x) - here
        line[0, x], line[1, x] = without, along
        line[2, x + _RADIUS] = without * without - along * along
    line[2, :_RADIUS] = line[2, _RADIUS]
    line[2, columns + _RADIUS :] = line[2, columns + _RADIUS - 1]


@njit(nogil=True, cache=True, error_model="numpy")
def follow(previous, current, shift, found, vectors, residual, first, end):
    """Keep the vectors that explain the change around them, for rows of blocks; see reference."""
    rows, columns = current.shape
    lines = np.empty((_WINDOW, 3, columns + 2 * _RADIUS), np.float32)
    down = np.empty(columns + 2 * _RADIUS, np.float32)
    for y in range(first - 2 * _RADIUS, end):
        ready = y + _RADIUS
        if 0 <= ready < rows:
            _changes(previous, current, shift, found, ready, lines[ready % _WINDOW])
        if y < first:
            continue
        down[:] = _ZERO
        for j in range(-_RADIUS, _RADIUS + 1):
            source = lines[min(max(y + j, 0), rows - 1) % _WINDOW, 2]
            for x in range(down.size):
                down[x] += source[x]
        own = lines[y % _WINDOW]
        for x in range(columns):
            explained = down[x] + down[x + 1] + down[x + 2] + down[x + 3] + down[x + 4]
            moves = explained > _EXPLAINED
            vectors[0, y, x] = found[0, y, x] if moves else _ZERO
            vectors[1, y, x] = found[1, y, x] if moves else _ZERO
            residual[y, x] = own[1, x] if moves else own[0, x]


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"nnan", "ninf", "nsz"})
def _range(row):
    """The smallest and the largest of a row of vectors and 0, in pixels."""
    low, high = _ZERO, _ZERO
    for x in range(row.size):
        low, high = min(low, row[x]), max(high, row[x])
    return low * _SIDE, high * _SIDE


@njit(nogil=True, cache=True, error_model="numpy")
def _source_kind(solid, vectors, by, first, end, height, width):
    """1 or 2 where all tiles that blocks ``first`` to ``end`` of row ``by`` come from are that
    kind of solid, else 0."""
    low_x, high_x = _range(vectors[0, by, first:end])
    low_y, high_y = _range(vectors[1, by, first:end])
    top = max(by * BLOCK_PX + np.int64(np.floor(low_y)), 0) // BLOCK_PX
    bottom = min(by * BLOCK_PX + BLOCK_PX + np.int64(np.floor(high_y)), height - 1) // BLOCK_PX
    left = max(first * BLOCK_PX + np.int64(np.floor(low_x)), 0) // TILE_PX
    right = min(end * BLOCK_PX + np.int64(np.floor(high_x)), width - 1) // TILE_PX
    top, left = min(top, solid.shape[0] - 1), min(left, solid.shape[1] - 1)
    bottom, right = max(bottom, top), max(right, left)
    kind = solid[top, left]
    if kind == 0:
        return kind
    for y in range(top, bottom + 1):
        for x in range(left, right + 1):
            if solid[y, x] != kind:
                return np.uint8(0)
    return kind


@njit(nogil=True, cache=True, error_model="numpy")
def _moved_pixels(memory, across, down, y, end_y, x, end_x, out):
    """``out`` at (y, x) to (end_y, end_x) from memory ``across`` and ``down`` of it."""
    for yy in range(y, end_y):
        for xx in range(x, end_x):
            out[yy, xx] = sample(memory, np.float32(yy) + down, np.float32(xx) + across)


@njit(nogil=True, cache=True, error_model="numpy")
def _moved_block(memory, across, down, y, x, out):
    """A whole block of memory from (x + across, y + down), unless that leaves the picture.

    One fraction serves all its pixels; loops of fixed length are somewhat faster here.
    """
    height, width = memory.shape
    floor_y, floor_x = np.floor(down), np.floor(across)
    part_y, part_x = down - floor_y, across - floor_x
    from_y, from_x = y + np.int64(floor_y), x + np.int64(floor_x)
    if min(from_y, from_x) < 0 or from_y + BLOCK_PX >= height or from_x + BLOCK_PX >= width:
        return False
    for j in range(BLOCK_PX):  # no views of rows: counting references costs more than this
        upper, lower, row = np.uint64(from_y + j), np.uint64(from_y + j + 1), np.uint64(y + j)
        for i in range(BLOCK_PX):
            at, to = np.uint64(from_x + i), np.uint64(from_x + i + 1)
            above = memory[upper, at] + part_x * (memory[upper, to] - memory[upper, at])
            below = memory[lower, at] + part_x * (memory[lower, to] - memory[lower, at])
            out[row, np.uint64(x + i)] = above + part_y * (below - above)
    return True


@njit(nogil=True, cache=True, error_model="numpy")
def _copied(memory, y, end_y, x, end_x, out):
    """``out`` at (y, x) to (end_y, end_x) as memory is there."""
    for yy in range(y, end_y):
        for xx in range(x, end_x):
            out[np.uint64(yy), np.uint64(xx)] = memory[np.uint64(yy), np.uint64(xx)]


@njit(nogil=True, cache=True, error_model="numpy")
def _mean_difference(alpha, out, y, end_y, x, end_x):
    """How ``out`` differs from alpha in the mean, -1..1."""
    total = _ZERO
    for yy in range(y, end_y):
        for xx in range(x, end_x):
            row, at = np.uint64(yy), np.uint64(xx)
            total += out[row, at] - np.float32(alpha[row, at])
    return total / (np.float32((end_y - y) * (end_x - x)) * _FULL)


@njit(nogil=True, cache=True, error_model="numpy")
def _mean_difference_4x4(alpha, out, y, x):
    """The same of a whole block, a sum for each column: one sum would wait for itself 16 times."""
    first, second, third, fourth = _ZERO, _ZERO, _ZERO, _ZERO
    a, b, c, d = np.uint64(x), np.uint64(x + 1), np.uint64(x + 2), np.uint64(x + 3)
    for j in range(BLOCK_PX):
        row = np.uint64(y + j)
        first += out[row, a] - np.float32(alpha[row, a])
        second += out[row, b] - np.float32(alpha[row, b])
        third += out[row, c] - np.float32(alpha[row, c])
        fourth += out[row, d] - np.float32(alpha[row, d])
    return ((first + second) + (third + fourth)) * _CODE_16


@njit(nogil=True, cache=True, error_model="numpy")
def _moved_tile(alpha, memory, vectors, by, y, end_y, x, end_x, out, difference):
    """A tile of memory along its vectors, and how each block then differs from alpha."""
    for bx in range(x // BLOCK_PX, -(-end_x // BLOCK_PX)):
        start, stop = bx * BLOCK_PX, min(bx * BLOCK_PX + BLOCK_PX, end_x)
        across, down = vectors[0, by, bx] * _SIDE, vectors[1, by, bx] * _SIDE
        whole = stop - start == BLOCK_PX and end_y - y == BLOCK_PX
        if across == _ZERO and down == _ZERO:
            _copied(memory, y, end_y, start, stop, out)
        elif not whole or not _moved_block(memory, across, down, y, start, out):
            _moved_pixels(memory, across, down, y, end_y, start, stop, out)
        if whole:
            difference[by, bx] = _mean_difference_4x4(alpha, out, y, start)
        else:
            difference[by, bx] = _mean_difference(alpha, out, y, end_y, start, stop)


@njit(nogil=True, cache=True, error_model="numpy")
def recall(
    alpha, width, memory, solid, vectors, out, solid_out, difference, first_block, end_block
):
    """Move the memory along the vectors, for rows of blocks.

    ``solid_out`` says what tiles of ``out`` hold already and is what they hold afterwards: where it
    is not 0, alpha is the same solid.
    """
    height = alpha.shape[0]
    for by in range(first_block, end_block):
        y, end_y = by * BLOCK_PX, min(by * BLOCK_PX + BLOCK_PX, height)
        for tile in range(solid.shape[1]):
            x, end_x = tile * TILE_PX, min(tile * TILE_PX + TILE_PX, width)
            first, end = x // BLOCK_PX, -(-end_x // BLOCK_PX)
            kind = solid_kind(alpha, y, end_y, x, end_x)
            if kind != 0:
                came = _source_kind(solid, vectors, by, first, end, height, width)
                kind = kind if came == kind else np.uint8(0)
            if kind == 0:
                _moved_tile(alpha, memory, vectors, by, y, end_y, x, end_x, out, difference)
            else:
                difference[by, first:end] = _ZERO
                if solid_out[by, tile] != kind:
                    out[y:end_y, x:end_x] = _ZERO if kind == 1 else _FULL
            solid_out[by, tile] = kind
