"""The definition of despeckling: islands are filled one after the other from their first pixel."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["despeckle", "islands"]


def islands(inside: NDArray[np.bool_]) -> list[list[tuple[int, int]]]:
    """The pixels (y, x) of every set of true pixels that hang together with eight neighbours."""
    found = []
    left = {(int(y), int(x)) for y, x in np.argwhere(inside)}
    while left:
        island = [left.pop()]
        for y, x in island:  # grows while it is gone through
            around = {(y + j, x + i) for j in (-1, 0, 1) for i in (-1, 0, 1)} & left
            left -= around
            island += around
        found.append(island)
    return found


def despeckle(alpha: NDArray[Any], size_px: float, above: float = 0.0) -> NDArray[Any]:
    """See ``streammat_kernels.despeckle.despeckle``."""
    result = alpha.copy()
    for island in islands(alpha > above * 65535):
        if len(island) < math.pi / 4 * size_px**2:
            for y, x in island:
                result[y, x] = 0
    return result
