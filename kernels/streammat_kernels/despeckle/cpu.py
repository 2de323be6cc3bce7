"""Despeckling in Numba: runs of rows are joined with those of the row above."""

import numpy as np

from ..jit import njit

__all__ = ["erase_islands"]

_CHUNK = 64  # columns that are looked at together: most of a matte is all 0 or all 1


@njit(nogil=True, error_model="numpy")
def count_inside(row, x0, x1, lowest):
    """Pixels of ``lowest`` or more; all are looked at, as a loop with an exit is no vector code."""
    inside = 0
    for x in range(x0, x1):
        inside += row[x] >= lowest
    return inside


@njit(nogil=True, error_model="numpy")
def row_runs(row, width, lowest, starts, ends, count):
    """Append the runs [start, end) of a row's pixels of ``lowest`` or more; the new count."""
    open_ = False
    for x0 in range(0, width, _CHUNK):
        x1 = min(x0 + _CHUNK, width)
        inside = count_inside(row, x0, x1, lowest)
        if inside == (x1 - x0 if open_ else 0):
            continue
        for x in range(x0, x1):
            if (row[x] >= lowest) == open_:
                continue
            if open_:
                ends[count] = x
                count += 1
            else:
                starts[count] = x
            open_ = not open_
    if open_:
        ends[count] = width
        count += 1
    return count


@njit(nogil=True, error_model="numpy")
def root_of(parents, run):
    """The first run of the island, so far; ways are made shorter on the way."""
    while parents[run] != run:
        parents[run] = parents[parents[run]]
        run = parents[run]
    return run


@njit(nogil=True, error_model="numpy")
def join_rows(starts, ends, parents, above, here, end):
    """Join the runs [here, end) with those of the row above, [above, here), corners included."""
    upper = above
    for run in range(here, end):
        while upper < here and ends[upper] < starts[run]:
            upper += 1
        other = upper
        while other < here and starts[other] <= ends[run]:
            first, second = root_of(parents, run), root_of(parents, other)
            parents[max(first, second)] = min(first, second)
            other += 1


@njit(nogil=True, cache=True, error_model="numpy")
def erase_islands(alpha, width, least, lowest, buffer, areas):
    """Set islands of fewer than ``least`` pixels of ``lowest`` or more to 0, in place.

    Args:
        alpha: (H, stride) codes.
        width: columns that count.
        least, lowest: pixels; a code.
        buffer, areas: int32, as many as the picture has pixels.
    """
    height = alpha.shape[0]
    most = height * ((width + 1) // 2)
    starts, ends = np.empty(most, np.int32), np.empty(most, np.int32)
    parents, firsts = buffer, np.empty(height + 1, np.int64)
    count = above = 0
    for y in range(height):
        firsts[y] = count
        end = row_runs(alpha[y], width, lowest, starts, ends, count)
        for run in range(count, end):
            parents[run] = run
            areas[run] = 0
        join_rows(starts, ends, parents, above, count, end)
        above, count = count, end
    firsts[height] = count
    for run in range(count):
        areas[root_of(parents, run)] += ends[run] - starts[run]
    for y in range(height):
        for run in range(firsts[y], firsts[y + 1]):
            if areas[root_of(parents, run)] < least:
                alpha[y, starts[run] : ends[run]] = 0
