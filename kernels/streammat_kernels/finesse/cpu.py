"""Matte finesse in Numba: load, steps of growth, Gaussian, store; float32 in between (codes)."""

import numpy as np

from ..jit import njit

__all__ = ["blur_columns", "blur_rows", "grow_step", "load", "store"]

_FULL = np.float32(65535)
_ZERO = np.float32(0)
_RUN = 64  # columns that are looked at together: most of a matte is all 0 or all 1


@njit(nogil=True, cache=True, error_model="numpy")
def load(alpha, plane, black, gain, inverted, first_row, end_row):
    """Codes remapped: black and less is 0, white and more 65535; ``inverted``: 65535 - that."""
    width = plane.shape[1]
    for y in range(first_row, end_row):
        for x in range(width):
            value = (np.float32(alpha[y, x]) - black) * gain
            value = min(_FULL, max(_ZERO, value))
            plane[y, x] = _FULL - value if inverted else value


@njit(nogil=True, error_model="numpy")
def even(run):
    """The value of a stretch of codes that are all the same, else -1."""
    value, others = run[0], 0
    for x in range(run.size):  # counted, because a loop with an exit does not become vectors
        others += run[x] != value
    return value if others == 0 else np.float32(-1)


@njit(nogil=True, error_model="numpy")
def spread_row(row, x0, x1, target):
    """``target`` = the columns x0 - 1 .. x1 of ``row``, repeated beyond its ends."""
    inner, middle = row[x0:x1], target[1 : x1 - x0 + 1]
    for x in range(inner.size):
        middle[x] = inner[x]
    target[0] = row[max(x0 - 1, 0)]
    target[x1 - x0 + 1] = row[min(x1, row.size - 1)]


@njit(nogil=True, error_model="numpy")
def grow_run(around, samples, best, count):
    """``best[0]`` = the maximum of ``count`` pixels and the samples around them.

    Args:
        around: (3, count + 2) codes; pixel x is at column x + 1.
        samples: (n, 3, 3), an even number, each of 2x2 weights at most.
        best: (2, count) or more. Maxima go to and fro between two rows: LLVM turns a maximum kept
            in place into masked stores, which are ten times as slow on some processors.
    """
    best[0, :count] = around[1, 1 : count + 1]
    for n in range(samples.shape[0]):
        w = samples[n]
        r = 1 if w[0, 0] == _ZERO and w[0, 1] == _ZERO and w[0, 2] == _ZERO else 0
        c = 1 if w[0, 0] == _ZERO and w[1, 0] == _ZERO and w[2, 0] == _ZERO else 0
        wa, wb, wc, wd = w[r, c], w[r, c + 1], w[r + 1, c], w[r + 1, c + 1]
        upper, lower = around[r, c : c + count + 1], around[r + 1, c : c + count + 1]
        known, more = best[n & 1, :count], best[1 - (n & 1), :count]
        for x in range(count):
            value = wa * upper[x] + wb * upper[x + 1] + wc * lower[x] + wd * lower[x + 1]
            more[x] = value if value > known[x] else known[x]


@njit(nogil=True, error_model="numpy")
def run_values(row, values):
    """``even`` of every run of a row."""
    for run in range(values.size):
        values[run] = even(row[run * _RUN : min((run + 1) * _RUN, row.size)])


@njit(nogil=True, error_model="numpy")
def even_around(values, run):
    """The value of a run, where the eight runs around it have it too, else -1."""
    value = values[0, run]
    for n in range(max(run - 1, 0), min(run + 2, values.shape[1])):
        if values[0, n] != value or values[1, n] != value or values[2, n] != value:
            return np.float32(-1)
    return value


@njit(nogil=True, cache=True, error_model="numpy")
def grow_step(source, target, samples, first_row, end_row):
    """Maximum of each pixel and the bilinear samples (n, 3, 3) around it; borders replicated."""
    height, width = source.shape
    around, best = np.empty((3, _RUN + 2), np.float32), np.empty((2, _RUN), np.float32)
    values = np.empty((3, (width + _RUN - 1) // _RUN), np.float32)  # of rows y - 1 .. y + 1, mod 3
    for y in range(first_row - 1, first_row + 1):
        run_values(source[max(y, 0)], values[y % 3])
    for y in range(first_row, end_row):
        up, here, down = source[max(y - 1, 0)], source[y], source[min(y + 1, height - 1)]
        run_values(down, values[(y + 1) % 3])
        for run in range(values.shape[1]):
            x0, x1 = run * _RUN, min((run + 1) * _RUN, width)
            result, value = target[y, x0:x1], even_around(values, run)
            if value >= _ZERO:
                for x in range(result.size):
                    result[x] = value
                continue
            spread_row(up, x0, x1, around[0])
            spread_row(here, x0, x1, around[1])
            spread_row(down, x0, x1, around[2])
            grow_run(around, samples, best, x1 - x0)
            for x in range(result.size):
                result[x] = min(best[0, x], _FULL)


@njit(nogil=True, error_model="numpy")
def blur_run(row, weights, x0, x1, result):
    """``blur_rows`` for the columns [x0, x1) of one row."""
    width, reach = row.size, weights.size // 2
    inner = result[x0:x1]
    for x in range(inner.size):
        inner[x] = _ZERO
    for k in range(weights.size):
        weight, shift = weights[k], k - reach
        if x0 + shift >= 0 and x1 + shift <= width:
            moved = row[x0 + shift : x1 + shift]
            for x in range(inner.size):
                inner[x] += weight * moved[x]
        else:
            for x in range(inner.size):
                inner[x] += weight * row[min(max(x0 + x + shift, 0), width - 1)]


@njit(nogil=True, cache=True, error_model="numpy")
def blur_rows(source, target, weights, first_row, end_row):
    """Correlate along x with ``weights``, which add up to 1; borders replicated."""
    width = source.shape[1]
    reach = weights.size // 2
    for y in range(first_row, end_row):
        row, result = source[y], target[y]
        for x0 in range(0, width, _RUN):
            x1 = min(x0 + _RUN, width)
            value = even(row[max(x0 - reach, 0) : min(x1 + reach, width)])
            if value >= _ZERO:
                for x in range(x0, x1):
                    result[x] = value
            else:
                blur_run(row, weights, x0, x1, result)


@njit(nogil=True, error_model="numpy")
def note_uneven(row, y, values, uneven):
    """Per run of ``row`` its value, and ``y`` where that is not the value of the row before."""
    for run in range(values.size):
        value = even(row[run * _RUN : min((run + 1) * _RUN, row.size)])
        if value < _ZERO or value != values[run]:
            uneven[run] = y
        values[run] = value


@njit(nogil=True, cache=True, error_model="numpy")
def blur_columns(source, target, weights, first_row, end_row):
    """Correlate along y with ``weights``, which add up to 1; borders replicated."""
    height, width = source.shape
    reach = weights.size // 2
    runs = (width + _RUN - 1) // _RUN
    values, uneven = np.empty(runs, np.float32), np.zeros(runs, np.int64)
    for run in range(runs):
        values[run] = np.float32(-1)
    top = max(first_row - reach, 0)
    for y in range(top, min(first_row + reach, height)):
        note_uneven(source[y], y, values, uneven)
    for y in range(first_row, end_row):
        if y + reach < height:
            note_uneven(source[y + reach], y + reach, values, uneven)
        start, result = max(y - reach, top), target[y]
        for run in range(runs):
            x0, x1 = run * _RUN, min((run + 1) * _RUN, width)
            out = result[x0:x1]
            # Rows start .. y + reach are one value where none of them but the first was new.
            if values[run] >= _ZERO and uneven[run] <= start:
                for x in range(out.size):
                    out[x] = values[run]
                continue
            for x in range(out.size):
                out[x] = _ZERO
            for k in range(weights.size):
                weight = weights[k]
                row = source[min(max(y + k - reach, 0), height - 1), x0:x1]
                for x in range(out.size):
                    out[x] += weight * row[x]


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
