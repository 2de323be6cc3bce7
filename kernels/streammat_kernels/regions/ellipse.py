"""The elliptic structuring element of OpenCV, as one chord a row."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["ellipse_chords", "ellipse_element"]


@cache
def ellipse_chords(size_px: int) -> NDArray[np.int32]:
    """(rows, 3) int32: the row's offset, and the first and last column's, from the anchor.

    As ``cv2.getStructuringElement(MORPH_ELLIPSE, (size, size))`` with its anchor at size // 2. An
    even size is not symmetric: its last row and column are missing.
    """
    radius = size_px // 2
    chords = []
    for row in range(size_px):
        down = row - radius
        half = round(math.sqrt(radius * radius - down * down))
        last = min(radius + half, size_px - 1)
        chords.append((down, max(radius - half, 0) - radius, last - radius))
    return np.array(chords, np.int32)


@cache
def ellipse_element(size_px: int) -> NDArray[np.uint8]:
    """(size, size) uint8 of 0 and 1, the same element as an array."""
    element = np.zeros((size_px, size_px), np.uint8)
    radius = size_px // 2
    for down, first, last in ellipse_chords(size_px):
        element[down + radius, first + radius : last + radius + 1] = 1
    return element
