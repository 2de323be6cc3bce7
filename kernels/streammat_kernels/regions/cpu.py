"""Regions around an alpha in Numba, on rows of 64 pixels a word.

A row of the region is widened to each chord of the element, narrow to wide, by shifting words, and
joined into the output rows that the chord reaches. Only rows that are asked for are made.
"""

import numpy as np

from ..jit import njit

__all__ = ["dilate_words", "labels_at", "pack_rows"]


@njit(nogil=True, cache=True)
def pack_rows(alpha, origin, solid, out):
    """Bits of alpha != 0, or with ``solid`` of alpha != 255, of the window at ``origin``.

    ``out``: (rows, words) uint64. What lies beyond the picture is 0.
    """
    width = alpha.shape[1]
    for i in range(out.shape[0]):
        row = alpha[origin[0] + i]
        out[i] = np.uint64(0)
        for word in range(out.shape[1]):
            start = origin[1] + 64 * word
            bits = np.uint64(0)
            for k in range(max(0, -start), min(64, width - start)):
                unequal = row[start + k] != (255 if solid else 0)
                bits |= np.uint64(unequal) << np.uint64(k)
            out[i, word] = bits


@njit(nogil=True, cache=True)
def _widen_down(row, step, scratch):
    """row |= row moved ``step`` (1..63) columns towards 0."""
    left, right = np.uint64(step), np.uint64(64 - step)
    last = row.shape[0] - 1
    for w in range(last):
        scratch[w] = (row[w] >> left) | (row[w + 1] << right)
    scratch[last] = row[last] >> left
    for w in range(last + 1):
        row[w] |= scratch[w]


@njit(nogil=True, cache=True)
def _widen_up(row, step, scratch):
    """row |= row moved ``step`` (1..63) columns away from 0."""
    left, right = np.uint64(step), np.uint64(64 - step)
    scratch[0] = row[0] << left
    for w in range(1, row.shape[0]):
        scratch[w] = (row[w] << left) | (row[w - 1] >> right)
    for w in range(row.shape[0]):
        row[w] |= scratch[w]


@njit(nogil=True, cache=True)
def dilate_words(words, chords, targets, out):
    """Dilation of packed rows by an element of nested chords.

    words: (n, W); chords: (k, 3) row offset, first and last column offset, narrow to wide;
    targets: for every row of ``words`` its row of ``out`` or -1; out: (t, W), zeroed by the caller.
    """
    row, scratch = np.empty(words.shape[1], np.uint64), np.empty(words.shape[1], np.uint64)
    for i in range(words.shape[0]):
        empty = np.uint64(0)
        for w in range(row.shape[0]):
            row[w] = words[i, w]
            empty |= row[w]
        if empty == 0:
            continue
        first, last = 0, 0
        for k in range(chords.shape[0]):
            while last < chords[k, 2]:
                step = min(chords[k, 2] - last, last - first + 1, 63)
                _widen_down(row, step, scratch)
                last += step
            while first > chords[k, 1]:
                step = min(first - chords[k, 1], last - first + 1, 63)
                _widen_up(row, step, scratch)
                first -= step
            target = i - chords[k, 0]
            if target < 0 or target >= targets.shape[0] or targets[target] < 0:
                continue
            found = out[targets[target]]
            for w in range(row.shape[0]):
                found[w] |= row[w]


@njit(nogil=True, cache=True)
def labels_at(some, not_solid, wanted, left_column, middle, out):
    """Levels at the wanted columns: 0 outside ``some``, ``middle`` inside, 255 in the solid part.

    some, not_solid: (t, W) dilated words; out: (t, count) uint8.
    """
    for i in range(out.shape[0]):
        for j in range(wanted.shape[0]):
            column = wanted[j] - left_column
            word, bit = column >> 6, np.uint64(column & 63)
            if (not_solid[i, word] >> bit) & np.uint64(1) == 0:
                out[i, j] = 255
            elif (some[i, word] >> bit) & np.uint64(1) != 0:
                out[i, j] = middle
            else:
                out[i, j] = 0
