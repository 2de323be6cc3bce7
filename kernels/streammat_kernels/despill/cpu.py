"""Despill in Numba: the screen channel is changed in place, opaque pixels are left alone."""

import numpy as np

from ..jit import njit

__all__ = ["limit_screen"]


@njit(nogil=True, cache=True, error_model="numpy")
def limit_screen(screen, first, second, alpha, width, amount, band, first_row, end_row):
    """Rows [first_row, end_row) of padded (H, stride) uint16 planes; only ``screen`` is written."""
    one = np.float32(1)
    half = np.float32(0.5)
    scale = one / (band * np.float32(65535))
    for y in range(first_row, end_row):
        for x in range(width):
            value = np.float32(screen[y, x])
            mean = (np.float32(first[y, x]) + np.float32(second[y, x])) * half
            excess = max(np.float32(0), value - mean)
            weight = min(one, np.float32(65535 - np.int32(alpha[y, x])) * scale)
            screen[y, x] = np.uint16(value - amount * weight * excess + half)
