"""The band around the true alpha's edge, where a viewer looks and where whole-image means hide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from streammat.evaluation.arrays import FloatAlpha
from streammat.evaluation.optional import ndimage

__all__ = ["BAND_PX", "edge_band"]

BAND_PX = 10


def edge_band(gt: FloatAlpha, width_px: float = BAND_PX) -> NDArray[np.bool_]:
    """(H, W) bool: pixels at most ``width_px`` (straight distance) from the edge of ``gt``.

    The edge is every pixel that is neither 0 nor 1, and both sides of a hard step from 0 to 1.
    """
    edge = (gt > 0) & (gt < 1)
    inside = gt > 0.5
    for axis in (0, 1):
        step = np.diff(inside, axis=axis)
        pad = [(0, 0), (0, 0)]
        for side in ((1, 0), (0, 1)):
            pad[axis] = side
            edge |= np.pad(step, pad)
    if not edge.any():
        return edge
    band: NDArray[np.bool_] = ndimage().distance_transform_edt(~edge) <= width_px
    return band
