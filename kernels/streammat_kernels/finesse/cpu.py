"""Matte finesse in Numba: load, steps of growth, Gaussian, store; float32 in between (codes)."""

import numpy as np

from ..jit import njit

__all__ = ["blur_columns", "blur_rows", "grow_step", "load", "store"]

_FULL = np.float32(65535)
_ZERO = np.float32(0)


@njit(nogil=True, cache=True, error_model="numpy")
def load(alpha, plane, black, gain, inverted, first_row, end_row):
    """Codes remapped: black and less is 0, white and more 65535; ``inverted``: 65535 - that."""
    width = plane.shape[1]
    for y in range(first_row, end_row):
        for x in range(width):
            value = (np.float32(alpha[y, x]) - black) * gain
            value = min(_FULL, max(_ZERO, value))
            plane[y, x] = _FULL - value if inverted else value


@njit(nogil=True, cache=True, error_model="numpy")
def grow_step(source, target, samples, first_row, end_row):
    """Maximum of each pixel and the bilinear samples (n, 3, 3) around it; borders replicated."""
    height, width = source.shape
    for y in range(first_row, end_row):
        up, here, down = source[max(y - 1, 0)], source[y], source[min(y + 1, height - 1)]
        for x in range(width):
            left, right = max(x - 1, 0), min(x + 1, width - 1)
            best = here[x]
            a, b, c = up[left], up[x], up[right]
            d, f = here[left], here[right]
            g, h, i = down[left], down[x], down[right]
            low = min(a, b, c, d, f, g, h, i)
            high = max(a, b, c, d, f, g, h, i)
            if high > best or low < best:
                e = best
                for n in range(samples.shape[0]):
                    w = samples[n]
                    value = w[0, 0] * a + w[0, 1] * b + w[0, 2] * c + w[1, 0] * d + w[1, 1] * e
                    value += w[1, 2] * f + w[2, 0] * g + w[2, 1] * h + w[2, 2] * i
                    best = max(best, value)
            target[y, x] = min(best, _FULL)


@njit(nogil=True, cache=True, error_model="numpy")
def blur_rows(source, target, weights, first_row, end_row):
    """Correlate along x with ``weights``; borders replicated."""
    width = source.shape[1]
    reach = weights.size // 2
    for y in range(first_row, end_row):
        row, result = source[y], target[y]
        result[:] = _ZERO
        for k in range(weights.size):
            weight, shift = weights[k], k - reach
            start = min(max(0, -shift), width)
            end = max(min(width, width - shift), start)
            for x in range(start):
                result[x] += weight * row[0]
            inner, moved = result[start:end], row[start + shift : end + shift]
            for x in range(inner.size):
                inner[x] += weight * moved[x]
            for x in range(end, width):
                result[x] += weight * row[width - 1]


@njit(nogil=True, cache=True, error_model="numpy")
def blur_columns(source, target, weights, first_row, end_row):
    """Correlate along y with ``weights``; borders replicated."""
    height, width = source.shape
    reach = weights.size // 2
    for y in range(first_row, end_row):
        result = target[y]
        result[:] = _ZERO
        for k in range(weights.size):
            weight = weights[k]
            row = source[min(max(y + k - reach, 0), height - 1)]
            for x in range(width):
                result[x] += weight * row[x]


@njit(nogil=True, cache=True, error_model="numpy")
def store(plane, out, inverted, holdout, garbage, roi, first_row, end_row):
    """Round; raise to holdout, lower to 65535 - garbage, clear outside roi = (x0, y0, x1, y1)."""
    width = plane.shape[1]
    for y in range(first_row, end_row):
        row_inside = roi[1] <= y < roi[3]
        for x in range(width):
            value = plane[y, x]
            if inverted:
                value = _FULL - value
            code = np.int32(value + np.float32(0.5))
            if holdout.shape[0] > 0:
                code = max(code, np.int32(holdout[y, x]))
            if garbage.shape[0] > 0:
                code = min(code, np.int32(65535) - np.int32(garbage[y, x]))
            out[y, x] = np.uint16(code) if row_inside and roi[0] <= x < roi[2] else np.uint16(0)
