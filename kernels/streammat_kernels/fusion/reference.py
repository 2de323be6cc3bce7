"""The definition of GFM's fusion, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["fuse"]


def fuse(glance: NDArray[Any], focus: NDArray[Any], mode: str = "tt") -> NDArray[np.float64]:
    """See ``streammat_kernels.fusion.fuse``."""
    k = glance.argmax(axis=0)  # the first of equals
    focus = focus.astype(np.float64)
    if mode == "tt":
        alpha: NDArray[np.float64] = np.choose(
            k, [np.zeros_like(focus), focus, np.ones_like(focus)]
        )
    elif mode == "ft":
        alpha = np.minimum(1.0, k + focus)
    else:
        alpha = np.maximum(0.0, k - focus)
    return alpha
