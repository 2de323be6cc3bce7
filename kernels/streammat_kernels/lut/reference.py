"""What a look-up computes, in NumPy float64: the definition all backends are held to."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .table import LOG_GAIN, Lut

__all__ = ["apply", "positions"]

Float = NDArray[np.float64]


def positions(rgb: NDArray[Any], lut: Lut) -> Float:
    """(3, H, W) places in the table, 0..N-1, of R'G'B' 0..255."""
    value = np.asarray(rgb, np.float64) / 255.0
    low, high = (np.array(ends)[:, None, None] for ends in (lut.low, lut.high))
    if lut.log:
        value, low, high = (np.log2(1 + LOG_GAIN * np.maximum(v, 0)) for v in (value, low, high))
    last = lut.table.shape[0] - 1
    return np.asarray(np.clip((value - low) / (high - low), 0.0, 1.0) * last)


def apply(rgb: NDArray[Any], lut: Lut) -> Float:
    """(3, H, W) linear interpolation in each dimension of the table."""
    place = positions(rgb, lut)
    last = lut.table.shape[0] - 1
    table = lut.table.astype(np.float64)
    if table.ndim == 2:
        return np.stack([np.interp(place[c], np.arange(last + 1), table[:, c]) for c in range(3)])
    cell = np.minimum(place.astype(int), last - 1)
    share = place - cell
    out = np.zeros(place.shape)
    for corner in product((0, 1), repeat=3):
        r, g, b = (cell[c] + corner[c] for c in range(3))
        weights = [share[c] if corner[c] else 1.0 - share[c] for c in range(3)]
        out += weights[0] * weights[1] * weights[2] * np.moveaxis(table[r, g, b], -1, 0)
    return out
