"""Closed-form refinement in Numba: a 5x5 stencil for each unknown sample, and for no other."""

import numpy as np

from ..jit import njit
from .model import REACH, SIDE, SURE

__all__ = ["build", "find", "finish", "iterate"]

_ZERO, _ONE = np.float32(0), np.float32(1)
_LOWEST, _HIGHEST = np.float32(SURE), np.float32(1 - SURE)
_SHARE = 1 / 9
_SCALE = 1 / 255
_HALF = np.float32(0.5)
_REACH = np.uint64(REACH)
_STENCIL = np.uint64(SIDE * SIDE)
_CENTRE = np.uint64(SIDE * SIDE // 2)


@njit(nogil=True, cache=True, error_model="numpy")
def find(alpha, middle, number, place, now, before):
    """Number the unknown samples row by row, note where in ``now`` they lie, and fill it.

    alpha (h, w) or larger; middle (rows + 2, columns + 2) with a border of 0; number (rows,
    columns), -1 where alpha is known; place: indices into now, (rows + 4, columns + 4).
    Returns how many samples are unknown.
    """
    rows, columns = number.shape
    stride = columns + 2 * REACH
    for y in range(rows):
        for x in range(columns):
            value = alpha[y, x]
            middle[y + 1, x + 1] = np.uint8((value > _LOWEST) & (value < _HIGHEST))
    count = 0
    line = np.empty(columns + 2, np.uint8)
    for y in range(rows):
        for x in range(columns + 2):
            line[x] = middle[y, x] | middle[y + 1, x] | middle[y + 2, x]
        for x in range(columns):
            value = alpha[y, x]
            rounded = _ONE if value > _HALF else _ZERO
            number[y, x] = -1
            if line[x] | line[x + 1] | line[x + 2]:
                number[y, x] = count
                place[count] = (y + REACH) * stride + x + REACH
                count += 1
                rounded = value
            now[y + REACH, x + REACH] = rounded
            before[y + REACH, x + REACH] = rounded
    return count


@njit(nogil=True, cache=True, error_model="numpy")
def _spread(rgb, y, x, noise, off, spread):
    """off (9, 3): a window's colours minus their mean; spread: off times a ninth of the inverse of
    their covariance. In float64: noise may be a millionth of the variance."""
    for c in range(3):
        total = 0.0
        for k in range(9):
            value = _SCALE * rgb[c, np.uint64(y - 1 + k // 3), np.uint64(x - 1 + k % 3)]
            off[k, c] = value
            total += value
        total *= _SHARE
        for k in range(9):
            off[k, c] -= total
    rr = gg = bb = noise
    rg = rb = gb = 0.0
    for k in range(9):
        r, g, b = off[k, 0], off[k, 1], off[k, 2]
        rr += r * r * _SHARE
        gg += g * g * _SHARE
        bb += b * b * _SHARE
        rg += r * g * _SHARE
        rb += r * b * _SHARE
        gb += g * b * _SHARE
    i00, i01, i02 = gg * bb - gb * gb, rb * gb - rg * bb, rg * gb - rb * gg
    scale = _SHARE / (rr * i00 + rg * i01 + rb * i02)
    i00, i01, i02 = i00 * scale, i01 * scale, i02 * scale
    i11, i12, i22 = (rr * bb - rb * rb), (rg * rb - rr * gb), (rr * gg - rg * rg)
    i11, i12, i22 = i11 * scale, i12 * scale, i22 * scale
    for k in range(9):
        r, g, b = off[k, 0], off[k, 1], off[k, 2]
        spread[k, 0] = i00 * r + i01 * g + i02 * b
        spread[k, 1] = i01 * r + i11 * g + i12 * b
        spread[k, 2] = i02 * r + i12 * g + i22 * b


@njit(nogil=True, cache=True, error_model="numpy")
def build(rgb, number, noise, weights):
    """weights (N * 25,) += the matting Laplacian's rows of the unknown samples, as 5x5 stencils.

    rgb (3, h, w) or larger, float32 0..255.
    """
    rows, columns = number.shape
    off, spread = np.empty((9, 3)), np.empty((9, 3))
    line = np.empty(columns, np.int32)
    for y in range(1, rows - 1):
        for x in range(columns):  # at least 0 where a column of three holds an unknown sample
            line[x] = max(number[y - 1, x], number[y, x], number[y + 1, x])
        for x in range(1, columns - 1):
            if max(line[x - 1], line[x], line[x + 1]) < 0:
                continue
            _spread(rgb, y, x, noise, off, spread)
            for i in range(9):
                at = number[np.uint64(y - 1 + i // 3), np.uint64(x - 1 + i % 3)]
                if at < 0:
                    continue
                base = np.uint64(at) * _STENCIL
                weights[base + _CENTRE] += _ONE
                base += np.uint64((2 - i // 3) * SIDE + 2 - i % 3)
                a, b, c = spread[i, 0], spread[i, 1], spread[i, 2]
                for j in range(9):
                    same = a * off[j, 0] + b * off[j, 1] + c * off[j, 2]
                    weights[base + np.uint64((j // 3) * SIDE + j % 3)] -= np.float32(_SHARE + same)


@njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc"})
def iterate(weights, number, place, now, before, alpha, trust, keep, rate):
    """One step: ``before``, the older of both iterates, becomes the newer.

    now, before: flat, with their borders; alpha: flat, as ``place`` has it at the unknown samples.
    """
    stride = np.uint64(number.shape[1] + 2 * REACH)
    for n in range(place.size):
        at = np.uint64(place[n])
        first = np.uint64(n) * _STENCIL
        corner = at - _REACH * stride - _REACH
        here = now[at]
        residual = trust * (alpha[n] - here)
        for dy in range(SIDE):
            for dx in range(SIDE):
                weight = weights[first + np.uint64(dy * SIDE + dx)]
                residual -= weight * now[corner + np.uint64(dy) * stride + np.uint64(dx)]
        before[at] = here + keep * (here - before[at]) + rate * residual


@njit(nogil=True, cache=True, error_model="numpy")
def finish(number, place, now, out):
    """The last iterate, flat with its border, as 0..1 into the unknown samples of out."""
    stride = number.shape[1] + 2 * REACH
    for n in range(place.size):
        y, x = place[n] // stride - REACH, place[n] % stride - REACH
        out[y, x] = min(max(now[place[n]], _ZERO), _ONE)
