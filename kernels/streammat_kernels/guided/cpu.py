"""Guided upsampling in Numba: cells far from the transition band are never worked on."""

import numpy as np
from numba import njit

from .model import ALPHA_NOISE, LUMA_NOISE, SOLID

__all__ = ["find_runs", "fit", "mark_mixed", "paint", "shrink_guide", "sharpen", "snap", "spread"]

_ZERO = np.float32(0)
_ONE = np.float32(1)
_SOLID = np.float32(SOLID)
_LUMA_NOISE = np.float32(LUMA_NOISE)
_ALPHA_NOISE = np.float32(ALPHA_NOISE)
_NINTH = np.float32(1 / 9)


@njit(nogil=True, cache=True, error_model="numpy")
def replicate_border(plane):
    """Fill the border of one cell."""
    plane[0, 1:-1] = plane[1, 1:-1]
    plane[-1, 1:-1] = plane[-2, 1:-1]
    plane[:, 0] = plane[:, 1]
    plane[:, -1] = plane[:, -2]


@njit(nogil=True, cache=True, error_model="numpy")
def snap(alpha, plane, goal, raw_slope, slope):
    """Copy alpha into its plane, exact 0 and 1 where it is within half an 8-bit step; clear the rest."""
    rows, columns = plane.shape[0] - 2, plane.shape[1] - 2
    for y in range(rows):
        for x in range(columns):
            value = alpha[y, x]
            value = _ZERO if value < _SOLID else value
            plane[y + 1, x + 1] = _ONE if value > _ONE - _SOLID else value
    replicate_border(plane)
    goal[:] = plane
    raw_slope[:] = _ZERO
    slope[:] = _ZERO


@njit(nogil=True, cache=True, error_model="numpy")
def mark_mixed(alpha, mixed, first_row, end_row):
    """1 for cells whose 3x3 neighbourhood is neither all 0 nor all 1."""
    columns = alpha.shape[1] - 2
    for y in range(first_row, end_row):
        up, here, down = alpha[y], alpha[y + 1], alpha[y + 2]
        row = mixed[y + 1]
        for x in range(columns):
            low = min(min(up[x], up[x + 1]), up[x + 2])
            low = min(low, min(min(here[x], here[x + 1]), here[x + 2]))
            low = min(low, min(min(down[x], down[x + 1]), down[x + 2]))
            high = max(max(up[x], up[x + 1]), up[x + 2])
            high = max(high, max(max(here[x], here[x + 1]), here[x + 2]))
            high = max(high, max(max(down[x], down[x + 1]), down[x + 2]))
            row[x + 1] = np.uint8(1) if high > _ZERO and low < _ONE else np.uint8(0)


@njit(nogil=True, cache=True, error_model="numpy")
def find_runs(mixed, runs, run_count, first_row, end_row):
    """Per row the runs [start, end) of cells within two cells of a mixed one."""
    rows, columns = mixed.shape[0] - 2, mixed.shape[1] - 2
    for y in range(first_row, end_row):
        count = 0
        end = -1
        for x in range(columns):
            touched = False
            for ny in range(max(y - 2, 0), min(y + 3, rows)):
                touched = touched or mixed[ny + 1, x + 1] != 0
            if touched:
                start = max(x - 2, 0)
                if count > 0 and start <= end:
                    end = min(x + 3, columns)
                else:
                    count += 1
                    runs[y, count - 1, 0] = start
                    end = min(x + 3, columns)
                runs[y, count - 1, 1] = end
        run_count[y] = count


@njit(nogil=True, cache=True, error_model="numpy")
def shrink_guide(
    luma, scale, guide, runs, run_count, first_y, weights_y, first_x, weights_x, first_row, end_row
):
    """Area average of luma (padded (H, stride) plane) times scale, for the cells of the runs."""
    height = luma.shape[0]
    taps_y, taps_x = weights_y.shape[1], weights_x.shape[1]
    line = np.empty(luma.shape[1] + taps_x, np.float32)
    for y in range(first_row, end_row):
        for k in range(run_count[y]):
            start, end = runs[y, k, 0], runs[y, k, 1]
            x0 = first_x[start]
            x1 = min(first_x[end - 1] + taps_x, luma.shape[1])
            line[x0 : x1 + taps_x] = _ZERO
            total = line[x0:x1]
            for i in range(taps_y):
                weight = weights_y[y, i] * scale
                if weight == _ZERO:
                    continue
                source = luma[min(first_y[y] + i, height - 1), x0:x1]
                for x in range(total.size):
                    total[x] += weight * np.float32(source[x])
            for x in range(start, end):
                value = _ZERO
                for i in range(taps_x):
                    value += weights_x[x, i] * line[first_x[x] + i]
                guide[y + 1, x + 1] = value


@njit(nogil=True, cache=True, error_model="numpy")
def fit(alpha, guide, mixed, raw_slope, runs, run_count, first_row, end_row):
    """Slope of alpha over the guide in 3x3 cells, times its squared coefficient of determination."""
    for y in range(first_row, end_row):
        for k in range(run_count[y]):
            for x in range(runs[y, k, 0], runs[y, k, 1]):
                if mixed[y + 1, x + 1] == 0:
                    continue
                mean_alpha, mean_guide = _ZERO, _ZERO
                for j in range(3):
                    for i in range(3):
                        mean_alpha += alpha[y + j, x + i]
                        mean_guide += guide[y + j, x + i]
                mean_alpha *= _NINTH
                mean_guide *= _NINTH
                both, guides, alphas = _ZERO, _ZERO, _ZERO
                for j in range(3):
                    for i in range(3):
                        da = alpha[y + j, x + i] - mean_alpha
                        dg = guide[y + j, x + i] - mean_guide
                        both += da * dg
                        guides += dg * dg
                        alphas += da * da
                both *= _NINTH
                slope = both / (guides * _NINTH + _LUMA_NOISE)
                explained = slope * both / (alphas * _NINTH + _ALPHA_NOISE)
                raw_slope[y + 1, x + 1] = slope * explained * explained


@njit(nogil=True, cache=True, error_model="numpy")
def spread(raw_slope, slope, runs, run_count, first_row, end_row):
    """Mean of 3x3 raw slopes."""
    for y in range(first_row, end_row):
        for k in range(run_count[y]):
            start, end = runs[y, k, 0], runs[y, k, 1]
            up = raw_slope[y, start : end + 2]
            here = raw_slope[y + 1, start : end + 2]
            down = raw_slope[y + 2, start : end + 2]
            target = slope[y + 1, start + 1 : end + 1]
            for x in range(target.size):
                total = up[x] + up[x + 1] + up[x + 2] + here[x] + here[x + 1] + here[x + 2]
                target[x] = (total + down[x] + down[x + 1] + down[x + 2]) * _NINTH


@njit(nogil=True, cache=True, error_model="numpy")
def sharpen(source, plus, factor, target, blur_y, blur_x, add, runs, run_count, first_row, end_row):
    """target = add * source + plus - blur(source) * factor, in the cells of the runs.

    With add 0, plus = alpha, source = slope and factor = guide it makes the goal; with add 1, plus =
    the goal, source = the offset and factor = ones one Richardson step.
    """
    for y in range(first_row, end_row):
        above, same, below = blur_y[0, y], blur_y[1, y], blur_y[2, y]
        for k in range(run_count[y]):
            start, end = runs[y, k, 0], runs[y, k, 1]
            up = source[y, start : end + 2]
            here = source[y + 1, start : end + 2]
            down = source[y + 2, start : end + 2]
            before, at, after = blur_x[0, start:end], blur_x[1, start:end], blur_x[2, start:end]
            base, scale = plus[y + 1, start + 1 : end + 1], factor[y + 1, start + 1 : end + 1]
            result = target[y + 1, start + 1 : end + 1]
            for x in range(result.size):
                left = above * up[x] + same * here[x] + below * down[x]
                middle = above * up[x + 1] + same * here[x + 1] + below * down[x + 1]
                right = above * up[x + 2] + same * here[x + 2] + below * down[x + 2]
                blurred = before[x] * left + at[x] * middle + after[x] * right
                result[x] = add * here[x + 1] + base[x] - blurred * scale[x]


@njit(nogil=True, cache=True, error_model="numpy")
def _gap_kind(alpha, y, x):
    """0 or 1 where the 2x2 cells around the gap are all that, else 2."""
    first = alpha[y, x]
    if first != _ZERO and first != _ONE:
        return 2
    if alpha[y, x + 1] == first and alpha[y + 1, x] == first and alpha[y + 1, x + 1] == first:
        return 0 if first == _ZERO else 1
    return 2


@njit(nogil=True, cache=True, error_model="numpy")
def _limits(alpha, y, x):
    """Least and greatest of the 4x4 cells around the gap."""
    low, high = _ONE, _ZERO
    for j in range(max(y - 1, 0), min(y + 3, alpha.shape[0])):
        for i in range(max(x - 1, 0), min(x + 3, alpha.shape[1])):
            low = min(low, alpha[j, i])
            high = max(high, alpha[j, i])
    return low, high


@njit(nogil=True, cache=True, error_model="numpy")
def paint(luma, scale, alpha, slope, offset, out, first_y, part_y, first_x, part_x, first_gap, end_gap):
    """Write the pixels of rows of gaps: solid ones filled, the others slope * luma + offset, limited."""
    gaps = first_x.size - 1
    full = np.float32(65535)
    half = np.float32(0.5)
    for gy in range(first_gap, end_gap):
        y0, y1 = first_y[gy], first_y[gy + 1]
        if y0 == y1:
            continue
        gx = 0
        while gx < gaps:
            kind = _gap_kind(alpha, gy, gx)
            if kind != 2:
                start = gx
                while gx < gaps and _gap_kind(alpha, gy, gx) == kind:
                    gx += 1
                value = np.uint16(0) if kind == 0 else np.uint16(65535)
                for y in range(y0, y1):
                    out[y, first_x[start] : first_x[gx]] = value
                continue
            low, high = _limits(alpha, gy, gx)
            a0, a1 = slope[gy, gx], slope[gy, gx + 1]
            da0, da1 = slope[gy + 1, gx] - a0, slope[gy + 1, gx + 1] - a1
            b0, b1 = offset[gy, gx], offset[gy, gx + 1]
            db0, db1 = offset[gy + 1, gx] - b0, offset[gy + 1, gx + 1] - b1
            for y in range(y0, y1):
                t = part_y[y]
                a, b = (a0 + t * da0) * scale, b0 + t * db0
                da, db = (a1 + t * da1) * scale - a, b1 + t * db1 - b
                for x in range(first_x[gx], first_x[gx + 1]):
                    s = part_x[x]
                    value = (a + s * da) * np.float32(luma[y, x]) + (b + s * db)
                    value = min(high, max(low, value))
                    out[y, x] = np.uint16(value * full + half)
            gx += 1
