"""The definition of composition and its gradients, in NumPy float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["compose", "compose_gradients"]

Float = NDArray[np.float64]


def compose(foreground: NDArray[Any], background: NDArray[Any], alpha: NDArray[Any]) -> Float:
    """See ``compose.compose``."""
    share = alpha.astype(np.float64)
    return np.asarray(share * foreground + (1.0 - share) * background)


def compose_gradients(
    foreground: NDArray[Any], background: NDArray[Any], alpha: NDArray[Any], gradient: NDArray[Any]
) -> tuple[Float, Float, Float]:
    """See ``compose.compose_gradients``."""
    share, g = alpha.astype(np.float64), gradient.astype(np.float64)
    difference = foreground.astype(np.float64) - background
    return share * g, (1.0 - share) * g, (difference * g).sum(axis=1, keepdims=True)
