"""Guided upsampling in Numba: cells far from the transition band are never worked on."""

import numpy as np

from ..jit import njit
from .model import ALPHA_NOISE, LUMA_NOISE, SOLID

__all__ = ["find_runs", "fit", "mark_mixed", "paint", "sharpen", "shrink_guide", "snap", "spread"]

_ZERO = np.float32(0)
_ONE = np.float32(1)
_SOLID = np.float32(SOLID)
_LUMA_NOISE = np.float32(LUMA_NOISE)
_ALPHA_NOISE = np.float32(ALPHA_NOISE)
_NINTH = np.float32(1 / 9)


@njit(nogil=True, cache=True, error_model="numpy")
def replicate_border(plane):
    """Fill the border of one cell."""
    # Loops, because assigning slices to slices makes Numba compile for three seconds more.
    rows, columns = plane.shape
    for x in range(1, columns - 1):
        plane[0, x] = plane[1, x]
        plane[rows - 1, x] = plane[rows - 2, x]
    for y in range(rows):
        plane[y, 0] = plane[y, 1]
        plane[y, columns - 1] = plane[y, columns - 2]


@njit(nogil=True, cache=True, error_model="numpy")
def snap(alpha, plane, goal, raw_slope, slope):
    """Copy alpha, exact 0 and 1 where it is within half an 8-bit step of them; clear the rest."""
    rows, columns = plane.shape[0] - 2, plane.shape[1] - 2
    for y in range(rows):
        for x in range(columns):
            value = alpha[y, x]
            value = _ZERO if value < _SOLID else value
            plane[y + 1, x + 1] = _ONE if value > _ONE - _SOLID else value
    replicate_border(plane)
    for y in range(rows + 2):
        for x in range(columns + 2):
            goal[y, x] = plane[y, x]
            raw_slope[y, x] = _ZERO
            slope[y, x] = _ZERO


@njit(nogil=True, cache=True, error_model="numpy")
def mark_mixed(alpha, mixed, first_row, end_row):
    """1 for cells whose 3x3 neighbourhood is neither all 0 nor all 1."""
    columns = alpha.shape[1] - 2
    for y in range(first_row, end_row):
        up, here, down = alpha[y], alpha[y + 1], alpha[y + 2]
        row = mixed[y + 1]
        for x in range(columns):
            low = min(up[x], up[x + 1], up[x + 2])
            low = min(low, here[x], here[x + 1], here[x + 2])
            low = min(low, down[x], down[x + 1], down[x + 2])
            high = max(up[x], up[x + 1], up[x + 2])
            high = max(high, here[x], here[x + 1], here[x + 2])
            high = max(high, down[x], down[x + 1], down[x + 2])
            row[x + 1] = np.uint8(1) if high > _ZERO and low < _ONE else np.uint8(0)


@njit(nogil=True, cache=True, error_model="numpy")
def find_runs(mixed, runs, run_count, first_row, end_row):
    """Per row the runs [start, end) of cells within two cells of a mixed one."""
    rows, columns = mixed.shape[0] - 2, mixed.shape[1] - 2
    line = np.empty(columns, np.uint8)
    for y in range(first_row, end_row):
        line[:] = 0
        for ny in range(max(y - 2, 0), min(y + 3, rows)):
            row = mixed[ny + 1, 1:-1]
            for x in range(columns):
                line[x] |= row[x]
        count = 0
        end = -1
        for x in range(columns):
            if line[x] != 0:
                if count == 0 or x - 2 > end:
                    runs[y, count, 0] = max(x - 2, 0)
                    count += 1
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
    """Slope of alpha over the guide in 3x3 cells, times the squared share that it explains."""
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

    With add 0, plus = alpha, source = slope and factor = guide it makes the goal; with add 1,
    plus = the goal, source = the offset and factor = ones it is one Richardson step.
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
def _gap_kinds(upper, lower, kinds):
    """Per gap 0 or 1 where the 2x2 cells around it are all that, else 2."""
    for x in range(kinds.size):
        a, b, c, d = upper[x], upper[x + 1], lower[x], lower[x + 1]
        zero = (a == _ZERO) & (b == _ZERO) & (c == _ZERO) & (d == _ZERO)
        one = (a == _ONE) & (b == _ONE) & (c == _ONE) & (d == _ONE)
        kinds[x] = np.uint8(0) if zero else (np.uint8(1) if one else np.uint8(2))


@njit(nogil=True, cache=True, error_model="numpy")
def _limits(alpha, y, x):
    """Least and greatest of the 4x4 cells around the gap."""
    low, high = _ONE, _ZERO
    for j in range(max(y - 1, 0), min(y + 3, alpha.shape[0])):
        for i in range(max(x - 1, 0), min(x + 3, alpha.shape[1])):
            value = alpha[j, i]
            low = value if value < low else low
            high = value if value > high else high
    return low, high


@njit(nogil=True, cache=True, error_model="numpy")
def _widen(upper, lower, first_x, part_x, start, end, base, step):
    """Per pixel of the gaps: the upper row of cells interpolated, and what the lower one adds."""
    origin = first_x[start]
    for gap in range(start, end):
        a, c = upper[gap], lower[gap]
        b, d = upper[gap + 1] - a, lower[gap + 1] - c
        for x in range(first_x[gap], first_x[gap + 1]):
            value = a + part_x[x] * b
            base[x - origin] = value
            step[x - origin] = c + part_x[x] * d - value


@njit(nogil=True, cache=True, error_model="numpy")
def _paint_row(luma, t, lines, out):
    """One row of pixels of a run: (slope * luma + offset) between the limits, rounded."""
    slope, more_slope, offset, more_offset, low, high = lines
    for x in range(out.size):
        value = (slope[x] + t * more_slope[x]) * np.float32(luma[x]) + (
            offset[x] + t * more_offset[x]
        )
        value = value if value > low[x] else low[x]
        value = value if value < high[x] else high[x]
        out[x] = np.uint16(np.int32(value * np.float32(65535) + np.float32(0.5)))


@njit(nogil=True, cache=True, error_model="numpy")
def paint(
    luma, scale, alpha, slope, offset, out, first_y, part_y, first_x, part_x, first_gap, end_gap
):
    """Write the pixels of rows of gaps: solid ones filled, the others by the model, limited.

    ``first_y`` and ``first_x`` hold the first pixel of each gap, ``part_y`` and ``part_x`` the
    position of each pixel within its gap.
    """
    gaps, width = first_x.size - 1, out.shape[1]
    kinds = np.empty(gaps, np.uint8)
    lines = np.empty((6, width), np.float32)
    for gy in range(first_gap, end_gap):
        y0, y1 = first_y[gy], first_y[gy + 1]
        if y0 == y1:
            continue
        _gap_kinds(alpha[gy], alpha[gy + 1], kinds)
        gx = 0
        while gx < gaps:
            kind, start = kinds[gx], gx
            while gx < gaps and kinds[gx] == kind:
                gx += 1
            x0, x1 = first_x[start], first_x[gx]
            if kind != 2:
                for y in range(y0, y1):
                    out[y, x0:x1] = np.uint16(0) if kind == 0 else np.uint16(65535)
                continue
            n = x1 - x0
            for k in range(2):  # a loop, because each call is inlined and compiled again
                cells, base, step = slope if k == 0 else offset, lines[2 * k], lines[2 * k + 1]
                _widen(cells[gy], cells[gy + 1], first_x, part_x, start, gx, base, step)
            for gap in range(start, gx):
                low, high = _limits(alpha, gy, gap)
                for x in range(first_x[gap] - x0, first_x[gap + 1] - x0):
                    lines[0, x] *= scale
                    lines[1, x] *= scale
                    lines[4, x], lines[5, x] = low, high
            for y in range(y0, y1):
                parts = (
                    lines[0, :n],
                    lines[1, :n],
                    lines[2, :n],
                    lines[3, :n],
                    lines[4, :n],
                    lines[5, :n],
                )
                _paint_row(luma[y, x0:x1], part_y[y], parts, out[y, x0:x1])
