"""Buffers and tables of guided upsampling for one pair of sizes, kept from frame to frame."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import area_matrix, blur_diagonals

__all__ = ["Axis", "Workspace"]


class Axis:
    """Geometry along one axis, from ``small`` cells to ``large`` pixels (large >= small).

    Attributes:
        first_pixel: (small + 2,) first pixel of each gap between cell centres; gap 0 lies before
            the first centre, gap ``small`` after the last.
        fraction: (large,) float32 position of each pixel within its gap, 0..1.
        first_sample, weights: (small,) and (small, n): the samples that each cell averages.
        blur: (3, small) float32, see ``blur_diagonals``.
    """

    __slots__ = ("blur", "first_pixel", "first_sample", "fraction", "weights")

    def __init__(self, small: int, large: int) -> None:
        at = (np.arange(large) + 0.5) * (small / large) + 0.5
        gap = np.floor(at).astype(np.int32)
        self.fraction: NDArray[np.float32] = (at - gap).astype(np.float32)
        edges = np.searchsorted(gap, np.arange(small + 2))
        self.first_pixel: NDArray[np.int32] = edges.astype(np.int32)
        matrix = area_matrix(small, large)
        first = (matrix > 0).argmax(axis=1)
        count = int((matrix > 0).sum(axis=1).max())
        columns = np.minimum(first[:, None] + np.arange(count), large - 1)
        inside = first[:, None] + np.arange(count) < large
        weights = np.take_along_axis(matrix, columns, axis=1) * inside
        self.first_sample: NDArray[np.int32] = first.astype(np.int32)
        self.weights: NDArray[np.float32] = weights.astype(np.float32)
        self.blur: NDArray[np.float32] = blur_diagonals(small, large).astype(np.float32)


@lru_cache(maxsize=16)
def _axis(small: int, large: int) -> Axis:
    """Axes are only read, and take ten times as long to work out as a picture to upsample."""
    return Axis(small, large)


class Workspace:
    """Everything that upsampling (rows, columns) cells to (height, width) pixels needs.

    The planes of cells carry a border of one replicated cell, so cell (y, x) is at [y + 1, x + 1].
    """

    __slots__ = (
        "alpha",
        "device",
        "goal",
        "guide",
        "mixed",
        "offset",
        "ones",
        "raw_slope",
        "run_count",
        "runs",
        "sharper",
        "sizes",
        "slope",
        "x",
        "y",
    )

    def __init__(self, rows: int, columns: int, height: int, width: int) -> None:
        self.sizes = (rows, columns, height, width)
        self.device: tuple[object, Any] | None = None  # runtime and buffers, see cuda.py
        self.y, self.x = _axis(rows, height), _axis(columns, width)
        shape = (rows + 2, columns + 2)
        self.alpha: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.guide: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.raw_slope: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.slope: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.goal: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.sharper: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.offset: NDArray[np.float32] = np.zeros(shape, np.float32)
        self.ones: NDArray[np.float32] = np.ones(shape, np.float32)
        self.mixed: NDArray[np.uint8] = np.zeros(shape, np.uint8)
        self.runs: NDArray[np.int32] = np.zeros((rows, columns // 2 + 1, 2), np.int32)
        self.run_count: NDArray[np.int32] = np.zeros(rows, np.int32)
