"""Look-up tables for R'G'B': what a network sees of HDR, log and linear plates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..bands import Bands
from ..dispatch import backend, takes_any_array
from ..errors import ShapeError
from .table import Lut

__all__ = ["Lut", "apply"]


@takes_any_array
def apply(rgb: NDArray[np.float32], lut: Lut, *, bands: Bands | None = None) -> NDArray[np.float32]:
    """Replace R'G'B' by what the table holds for it, interpolated linearly; in place.

    Args:
        rgb: (3, H, W) float32, 255 = the plate's white; rows may be padded. Values outside the
            table's span take its nearest entry.
        lut: one- or three-dimensional.
        bands: row bands on a pool; None runs in this thread.

    Returns:
        ``rgb``, now with the table's values.

    Raises:
        ShapeError: ``rgb`` is no writable (3, H, W) float32.
    """
    if rgb.ndim != 3 or rgb.shape[0] != 3 or rgb.dtype != np.float32 or 0 in rgb.shape:
        raise ShapeError(f"rgb is {rgb.dtype} {rgb.shape}; a table wants float32 (3, H, W)")
    backend(__name__, rgb).apply(rgb, lut, bands)
    return rgb
