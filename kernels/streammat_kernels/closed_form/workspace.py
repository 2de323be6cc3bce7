"""What closed-form refinement needs beside its arguments, kept from frame to frame."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import REACH, SIDE

__all__ = ["Workspace"]


class Workspace:
    """Planes for one size of alpha; the rows of equations grow with the samples that are unknown.

    Args:
        rows, columns: of the alpha's content.
    """

    __slots__ = ("_weights", "before", "device", "middle", "now", "number", "place", "sizes")

    def __init__(self, rows: int, columns: int) -> None:
        self.sizes = rows, columns
        self.device: tuple[Any, Any] | None = None
        """The runtime of the GPU's buffers, and they themselves."""
        bordered = rows + 2 * REACH, columns + 2 * REACH
        self.now: NDArray[np.float32] = np.zeros(bordered, np.float32)
        self.before: NDArray[np.float32] = np.zeros(bordered, np.float32)
        self.middle: NDArray[np.uint8] = np.zeros((rows + 2, columns + 2), np.uint8)
        self.number: NDArray[np.int32] = np.empty((rows, columns), np.int32)
        self.place: NDArray[np.int32] = np.empty(rows * columns, np.int32)
        self._weights: NDArray[np.float32] = np.empty(0, np.float32)

    def weights(self, count: int) -> NDArray[np.float32]:
        """(count * 25,) float32, all 0."""
        needed = count * SIDE * SIDE
        if self._weights.size < needed:
            self._weights = np.empty(needed + needed // 4, np.float32)
        weights = self._weights[:needed]
        weights.fill(0)
        return weights
