"""A look-up table from R'G'B' to R'G'B': plain data, built once, shared by every frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import ShapeError

__all__ = ["LOG_GAIN", "Lut", "scales"]

LOG_GAIN = 1024.0
"""``log`` tables are indexed by log2(1 + 1024 v): a tenth of a stop near white, finer than an
8-bit code near black."""


@dataclass(frozen=True, slots=True, eq=False)
class Lut:
    """One-dimensional (each channel for itself) or three-dimensional.

    Attributes:
        table: (N, 3) or (N, N, N, 3) float32, indexed [red, green, blue], N of 2 or more;
            values 0..255 for what is shown. Read-only from then on: frames share it, and the
            kernel is compiled for one type of array.
        low, high: input value of the first and last entry, a channel each; what lies outside
            takes the nearest entry. 1 is the plate's white, 255 in a network view.
        log: entries are spaced evenly in log2(1 + 1024 v), for linear light; low is 0 or more.
    """

    table: NDArray[np.float32]
    low: tuple[float, float, float] = (0.0, 0.0, 0.0)
    high: tuple[float, float, float] = (1.0, 1.0, 1.0)
    log: bool = False

    def __post_init__(self) -> None:
        shape = self.table.shape
        cubic = len(shape) == 4 and shape[0] == shape[1] == shape[2]
        if not (len(shape) == 2 or cubic) or shape[-1] != 3 or shape[0] < 2:
            raise ShapeError(f"a table of shape {shape}; (N, 3) or (N, N, N, 3) with N >= 2 is one")
        if self.table.dtype != np.float32 or not self.table.flags.c_contiguous:
            raise ShapeError(f"a table of {self.table.dtype}; contiguous float32 is needed")
        if any(high <= low for low, high in zip(self.low, self.high, strict=True)):
            raise ShapeError(f"a table from {self.low} to {self.high}; it has to span something")
        if self.log and min(self.low) < 0:
            raise ShapeError(f"a log table from {self.low}; it begins at 0 or above")
        self.table.flags.writeable = False


def scales(lut: Lut) -> tuple[NDArray[np.float32], NDArray[np.float32], np.float32]:
    """Gain and offset a channel, and what precedes them in a log table: places of values 0..255.

    ``place = gain * v + offset`` with ``v = log2(1 + log_gain * value)`` where log_gain is above 0,
    else the value itself.
    """
    low, high = np.array(lut.low), np.array(lut.high)
    log_gain = LOG_GAIN / 255.0 if lut.log else 0.0
    unit = 1.0 / 255.0
    if lut.log:
        low, high = np.log2(1 + LOG_GAIN * low), np.log2(1 + LOG_GAIN * high)
        unit = 1.0
    scale = (lut.table.shape[0] - 1) / (high - low)
    gain, offset = (scale * unit).astype(np.float32), (-low * scale).astype(np.float32)
    return gain, offset, np.float32(log_gain)
