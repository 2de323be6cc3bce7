"""Buffers of motion estimation for maps of one size, kept from frame to frame."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .plan import level_size, plan

__all__ = ["Level", "Workspace"]

Map = NDArray[np.float32]


class Level(NamedTuple):
    """Both maps at one level, the vectors it starts from and those it ends with, (2, h, w)."""

    previous: Map
    current: Map
    start: Map
    solved: Map


class Workspace:
    """Everything that estimating motion between maps of (rows, columns) samples needs.

    Attributes:
        size: rows and columns of the maps.
        levels: from the maps themselves to the coarsest level; the maps of level 0 are the
            caller's, so they are empty here. Levels that are not solved have no vectors.
        device: runtime and buffers of the GPU that it was used on last.
    """

    __slots__ = ("device", "levels", "size")

    def __init__(self, rows: int, columns: int) -> None:
        self.size = rows, columns
        self.device: tuple[object, Any] | None = None
        finest, coarsest = plan(rows, columns)
        self.levels: list[Level] = []
        for level in range(coarsest + 1):
            size = level_size(rows, columns, level)
            maps = size if level else (0, 0)
            vectors = (2, *size) if level >= finest else (2, 0, 0)
            shapes = maps, maps, vectors, vectors
            self.levels.append(Level(*(np.zeros(shape, np.float32) for shape in shapes)))
