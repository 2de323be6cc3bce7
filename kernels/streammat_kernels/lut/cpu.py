"""Look-ups on the CPU: places of a row first (vectorised along x), then the gathers."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands, run_bands
from ..jit import njit
from ..planes import padded
from .table import Lut, scales

__all__ = ["apply"]

F = np.float32


@njit(nogil=True)
def place_row(row, gain, offset, log_gain, last, place):
    """place = table position 0..last of each value; ``log_gain`` 0 is an even table."""
    for x in range(place.shape[0]):
        value = row[x]
        if log_gain > F(0.0):
            value = np.log2(F(1.0) + log_gain * max(value, F(0.0)))
        value = gain * value + offset
        value = value if value > F(0.0) else F(0.0)  # and not-a-number, which is no index
        place[x] = value if value < last else last


@njit(nogil=True, cache=True)
def lines(rgb, table, gain, offset, log_gain, width, y0, y1):
    """Rows y0..y1, each channel through its own column of an (N, 3) table."""
    cells = table.shape[0] - 1
    place = np.empty(width, F)
    for y in range(y0, y1):
        for c in range(3):
            row = rgb[c][y]
            place_row(row, gain[c], offset[c], log_gain, F(cells), place)
            for x in range(width):
                cell = min(np.int64(place[x]), cells - 1)
                share = place[x] - F(cell)
                row[x] = table[cell, c] + share * (table[cell + 1, c] - table[cell, c])


@njit(nogil=True, cache=True)
def cubes(rgb, table, gain, offset, log_gain, width, y0, y1):
    """Rows y0..y1 through an (N, N, N, 3) table, interpolated in blue, green, red order."""
    cells = table.shape[0] - 1
    place = np.empty((3, width), F)
    for y in range(y0, y1):
        for c in range(3):
            place_row(rgb[c][y], gain[c], offset[c], log_gain, F(cells), place[c])
        red, green, blue = rgb[0][y], rgb[1][y], rgb[2][y]
        for x in range(width):
            r = min(np.int64(place[0, x]), cells - 1)
            g = min(np.int64(place[1, x]), cells - 1)
            b = min(np.int64(place[2, x]), cells - 1)
            by_r, by_g, by_b = place[0, x] - F(r), place[1, x] - F(g), place[2, x] - F(b)
            for c in range(3):
                a00, a01 = table[r, g, b, c], table[r, g, b + 1, c]
                a10, a11 = table[r, g + 1, b, c], table[r, g + 1, b + 1, c]
                b00, b01 = table[r + 1, g, b, c], table[r + 1, g, b + 1, c]
                b10, b11 = table[r + 1, g + 1, b, c], table[r + 1, g + 1, b + 1, c]
                a0, a1 = a00 + by_b * (a01 - a00), a10 + by_b * (a11 - a10)
                b0, b1 = b00 + by_b * (b01 - b00), b10 + by_b * (b11 - b10)
                near, far = a0 + by_g * (a1 - a0), b0 + by_g * (b1 - b0)
                value = near + by_r * (far - near)
                if c == 0:
                    red[x] = value
                elif c == 1:
                    green[x] = value
                else:
                    blue[x] = value


def apply(rgb: NDArray[np.float32], lut: Lut, bands: Bands | None) -> None:
    """See ``lut.apply``; arguments are checked."""
    gain, offset, log_gain = scales(lut)
    channels = tuple(padded(channel, output=True) for channel in rgb)
    kernel = lines if lut.table.ndim == 2 else cubes
    run_bands(
        partial(kernel, channels, lut.table, gain, offset, log_gain, rgb.shape[2]),
        rgb.shape[1],
        bands,
    )
