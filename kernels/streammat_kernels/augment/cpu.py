"""Training samples in Numba: only the pixels that a crop needs are computed.

Colours are interleaved rows of 3 x width samples. `layers` walks down the crop's output rows and
keeps the last two source rows.
"""

import numpy as np

from ..jit import njit

__all__ = ["denoise_rows", "join_grid", "layers", "resize_rows"]

_ONE = np.float32(1)
_TOP = np.float32(255)
_HALF = np.float32(0.5)
_UNIT = np.float32(1 / 255)
_GUARD = np.float32(2.0**-10)  # as in the reference


@njit(nogil=True, cache=True)
def _mirrored(index, length):
    if length == 1:
        return 0
    period = 2 * (length - 1)
    index = index % period
    return min(index, period - index)


@njit(nogil=True, cache=True)
def resize_rows(source, row_start, row_weights, column_start, column_weights, out):
    """Separable filter of (h, w, 3) uint8 to the rows and columns given: (n, m, 3) uint8."""
    width = source.shape[1]
    line = np.empty((width, 3), np.float32)
    for i in range(out.shape[0]):
        line[:] = 0
        for k in range(row_weights.shape[1]):
            weight = row_weights[i, k]
            if weight != 0:
                row = source[row_start[i] + k]
                for x in range(width):
                    for c in range(3):
                        line[x, c] += weight * np.float32(row[x, c])
        for j in range(out.shape[1]):
            start = column_start[j]
            for c in range(3):
                total = np.float32(0)
                for k in range(column_weights.shape[1]):
                    total += column_weights[j, k] * line[start + k, c]
                out[i, j, c] = np.uint8(total + _HALF)


@njit(nogil=True, cache=True)
def denoise_rows(source, first_row, first_column, sigma, out):
    """Local Wiener filter of the (n, m) window of (h, w, 3) uint8 whose top left is given."""
    height, width = source.shape[0], source.shape[1]
    rows, columns = out.shape[0], out.shape[1]
    wide = columns + 4
    place = np.empty(wide, np.int64)
    for x in range(wide):
        place[x] = _mirrored(first_column + x - 2, width)
    inside = first_column >= 2 and first_column + columns + 2 <= width
    ring = np.empty((5, wide * 3), np.int32)
    total = np.zeros(wide * 3, np.int32)
    square = np.zeros(wide * 3, np.int32)
    noise = np.float32(sigma * sigma)
    share = np.float32(1 / 25)
    for y in range(-2, rows + 2):
        row = source[_mirrored(first_row + y, height)]
        entry = ring[(y + 2) % 5]
        if y > 2:
            for i in range(wide * 3):
                old = entry[i]
                total[i] -= old
                square[i] -= old * old
        if inside:
            flat = row.reshape(-1)
            shift = (first_column - 2) * 3
            for i in range(wide * 3):
                entry[i] = np.int32(flat[shift + i])
        else:
            for x in range(wide):
                for c in range(3):
                    entry[3 * x + c] = np.int32(row[place[x], c])
        for i in range(wide * 3):
            new = entry[i]
            total[i] += new
            square[i] += new * new
        if y >= 2:
            middle = ring[y % 5]
            target = out[y - 2].reshape(-1)
            for i in range(columns * 3):
                s1 = total[i] + total[i + 3] + total[i + 6] + total[i + 9] + total[i + 12]
                s2 = square[i] + square[i + 3] + square[i + 6] + square[i + 9] + square[i + 12]
                mean = np.float32(s1) * share
                spread = np.float32(25 * s2 - s1 * s1) * (share * share)
                gain = max(spread - noise, np.float32(0)) / max(spread, noise)
                value = mean + gain * (np.float32(middle[i + 6]) - mean)
                target[i] = np.uint8(value + _HALF)


@njit(nogil=True, cache=True)
def _column_sums(window, first, count, sign, sums):
    """Add, or with sign -1 take away, picture rows first..first+count-1, mirrored."""
    picture, origin, height, _ = window
    for y in range(first, first + count):
        row = picture[_mirrored(y, height) - origin[0]].reshape(-1)
        for i in range(sums.shape[0]):
            sums[i] += sign * np.int32(row[i])


@njit(nogil=True, cache=True)
def _move_sums(window, top, start, blur_px, sums):
    """From the box rows that begin at ``top`` to those that begin at ``start`` >= top."""
    step = start - top
    if step >= blur_px:
        sums[:] = 0
        _column_sums(window, start, blur_px, 1, sums)
    else:
        _column_sums(window, top, step, -1, sums)
        _column_sums(window, top + blur_px, step, 1, sums)


@njit(nogil=True, cache=True)
def _blurred_row(sums, place, blur_px, wanted, running, out):
    """Box means at the wanted columns; ``place`` says where each column of the box lies."""
    for x in range(place.shape[0]):
        at = 3 * place[x]
        for c in range(3):
            running[x + 1, c] = running[x, c] + sums[at + c]
    share = _ONE / np.float32(blur_px * blur_px)
    for j in range(wanted.shape[0]):
        at = wanted[j] - wanted[0]
        for c in range(3):
            out[j, c] = np.float32(running[at + blur_px, c] - running[at, c]) * share


@njit(nogil=True, cache=True)
def _plain_row(window, y, wanted, out):
    picture, origin, _, _ = window
    row = picture[y - origin[0]]
    for j in range(wanted.shape[0]):
        for c in range(3):
            out[j, c] = np.float32(row[wanted[j] - origin[1], c])


@njit(nogil=True, cache=True)
def _noise_row(y, width, wanted, effects, levels, out):
    _, sigma, seed = effects
    for j in range(wanted.shape[0]):
        for c in range(3):
            word = np.uint32(np.uint32((y * width + wanted[j]) * 3 + c) ^ seed)
            word = np.uint32((word ^ (word >> np.uint32(16))) * np.uint32(0x7FEB352D))
            word = np.uint32((word ^ (word >> np.uint32(15))) * np.uint32(0x846CA68B))
            word = np.uint32(word ^ (word >> np.uint32(16)))
            out[j, c] = sigma * levels[word >> np.uint32(20)]


@njit(nogil=True, cache=True)
def _quantised(value):
    return np.float32(np.int32(min(max(value, np.float32(0)), _TOP) + _GUARD))


@njit(nogil=True, cache=True)
def _mix_row(front, alpha, back, noise, noisy, line):
    """line: (3, 3, count) image, foreground, background; front and back (count, 3)."""
    for j in range(alpha.shape[0]):
        share = np.float32(alpha[j]) * _UNIT
        for c in range(3):
            f, b = front[j, c], back[j, c]
            value = _quantised(share * f + (_ONE - share) * b)
            if noisy:
                value = _quantised(value + noise[j, c])
                f = _quantised(f + noise[j, c])
                b = _quantised(b + noise[j, c])
            line[0, c, j] = value
            line[1, c, j] = f
            line[2, c, j] = b


@njit(nogil=True, cache=True)
def _join_row(upper, lower, down, columns, out):
    """One output row of one channel between two source rows."""
    left, right, across = columns
    for j in range(out.shape[0]):
        a, b = left[j], right[j]
        first = upper[a] + (lower[a] - upper[a]) * down
        second = upper[b] + (lower[b] - upper[b]) * down
        out[j] = np.uint8(first + (second - first) * across[j] + _HALF)


@njit(nogil=True, cache=True)
def layers(front_window, back_window, alpha, rows, wanted, columns, effects, levels, out):
    """Image, foreground and background of one sample: ``out`` (3, 3, s, s) uint8.

    A window is (pixels (n, m, 3) uint8, (row, column) of its corner, height, width of the picture);
    the background's reaches as far as the blur's box. ``rows``: first, second and weight of each
    output row; ``wanted``: the source columns in use, ascending; ``columns``: left, right (places
    in ``wanted``) and weight. ``effects``: box size, noise sigma, mixed noise seed.
    """
    blur_px, sigma, _ = effects
    count, width = wanted.shape[0], back_window[3]
    kept = np.empty((2, 3, 3, count), np.float32)
    kept_row = np.full(2, -1)
    front, back = np.empty((count, 3), np.float32), np.empty((count, 3), np.float32)
    noise, share = np.empty((count, 3), np.float32), np.empty(count, np.uint8)
    before = blur_px // 2
    place = np.empty(wanted[-1] - wanted[0] + max(blur_px, 1), np.int64)
    for x in range(place.shape[0]):
        place[x] = _mirrored(wanted[0] - before + x, width) - back_window[1][1]
    running = np.zeros((place.shape[0] + 1, 3), np.int32)
    sums = np.zeros(back_window[0].shape[1] * 3, np.int32)
    top = -(1 << 30)
    for i in range(rows[0].shape[0]):
        for slot in range(2):
            y = rows[0][i] if slot == 0 else rows[1][i]
            if kept_row[slot] == y:
                continue
            if kept_row[1 - slot] == y:
                kept[slot] = kept[1 - slot]
                kept_row[slot] = y
                continue
            if blur_px > 0:
                _move_sums(back_window, top, y - before, blur_px, sums)
                top = y - before
                _blurred_row(sums, place, blur_px, wanted, running, back)
            else:
                _plain_row(back_window, y, wanted, back)
            _plain_row(front_window, y, wanted, front)
            for j in range(count):
                share[j] = alpha[y, wanted[j]]
            if sigma > 0:
                _noise_row(y, width, wanted, effects, levels, noise)
            _mix_row(front, share, back, noise, sigma > 0, kept[slot])
            kept_row[slot] = y
        for layer in range(3):
            for c in range(3):
                pair = kept[0, layer, c], kept[1, layer, c]
                _join_row(pair[0], pair[1], rows[2][i], columns, out[layer, c, i])


@njit(nogil=True, cache=True)
def join_grid(grid, rows, columns, out):
    """Linear interpolation between places of ``grid`` (t, count) uint8: out (s, s) uint8."""
    for i in range(out.shape[0]):
        upper, lower, down = grid[rows[0][i]], grid[rows[1][i]], rows[2][i]
        for j in range(out.shape[1]):
            a, b = columns[0][j], columns[1][j]
            ua, la, ub, lb = (
                np.float32(upper[a]),
                np.float32(lower[a]),
                np.float32(upper[b]),
                np.float32(lower[b]),
            )
            first = ua + (la - ua) * down
            second = ub + (lb - ub) * down
            out[i, j] = np.uint8(first + (second - first) * columns[2][j] + np.float32(0.5))
