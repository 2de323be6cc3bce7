"""The definition of despill, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import BAND

__all__ = ["despill"]


def despill(
    rgb: NDArray[Any], alpha: NDArray[Any], *, screen: str = "green", amount: float = 1.0
) -> NDArray[np.float64]:
    """See ``streammat_kernels.despill.despill``; the result is not rounded."""
    out = rgb.astype(np.float64)
    key, first, second = {"green": (1, 0, 2), "blue": (2, 0, 1)}[screen]
    excess = np.maximum(0.0, out[key] - (out[first] + out[second]) / 2)
    weight = np.minimum(1.0, (1.0 - alpha / 65535.0) / BAND)
    out[key] -= amount * weight * excess
    return out
