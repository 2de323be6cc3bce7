"""Pictures in memory as planes and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.types import Plane
from streammat_kernels.layout import Colour, Family, PixelLayout, Transfer

__all__ = ["RGB_COLOUR", "rgb_layout", "rgb_planes"]

RGB_COLOUR = Colour(full_range=True, transfer=Transfer.SRGB)


def rgb_planes(rgb: NDArray[Any]) -> tuple[Plane, ...]:
    """(H, W, 3) as three contiguous planes."""
    return tuple(np.ascontiguousarray(rgb[..., channel]) for channel in range(3))


def rgb_layout(rgb: NDArray[Any]) -> PixelLayout:
    """The layout of `rgb_planes`."""
    return PixelLayout(Family.RGB, 1, 1, bits=8 * rgb.dtype.itemsize)
