"""Relaxation sweeps in Numba."""

import numpy as np

from ..jit import njit

__all__ = ["balance", "jacobi_rows", "relax"]


@njit(nogil=True, cache=True)
def balance(colours, weighted, alpha, y, x, out):
    """The three colours at which a pixel is in balance with its four neighbours."""
    height, width = alpha.shape
    up = y - 1 if y > 0 else 1
    down = y + 1 if y < height - 1 else height - 2
    left = x - 1 if x > 0 else 1
    right = x + 1 if x < width - 1 else width - 2
    a = alpha[y, x]
    loose = (1 - a) ** 2
    u, d = (1 - alpha[up, x]) ** 2, (1 - alpha[down, x]) ** 2
    f, r = (1 - alpha[y, left]) ** 2, (1 - alpha[y, right]) ** 2
    below = a * a + 4 * loose + u + d + f + r
    for c in range(3):
        above = a * weighted[y, x, c]
        above += (loose + u) * colours[up, x, c]
        above += (loose + d) * colours[down, x, c]
        above += (loose + f) * colours[y, left, c]
        above += (loose + r) * colours[y, right, c]
        out[c] = above / below


@njit(nogil=True, cache=True)
def jacobi_rows(colours, weighted, alpha, out, first_row, end_row):
    """Rows of the reference's sweep."""
    for y in range(first_row, end_row):
        for x in range(alpha.shape[1]):
            balance(colours, weighted, alpha, y, x, out[y, x])


@njit(nogil=True, cache=True)
def relax(colours, weighted, alpha, omega):
    """One sweep of successive over-relaxation in place; returns the largest change."""
    largest = 0.0
    wanted = np.empty(3)
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            balance(colours, weighted, alpha, y, x, wanted)
            for c in range(3):
                change = omega * (wanted[c] - colours[y, x, c])
                colours[y, x, c] += change
                largest = max(largest, np.abs(change))
    return largest
