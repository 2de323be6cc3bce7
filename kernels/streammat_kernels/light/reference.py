"""What encoding light computes, in NumPy float64: the definition all backends are held to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..colour import reference as colour_reference
from ..layout import Transfer

__all__ = ["encode", "to_half"]


def encode(light: NDArray[Any], transfer: Transfer) -> NDArray[np.float64]:
    """Code values 0..65535 before rounding."""
    whole = np.nan_to_num(np.asarray(light, np.float64), nan=0.0, posinf=1.0, neginf=0.0)
    return colour_reference.encode(np.clip(whole, 0.0, 1.0), transfer) * 65535.0


def to_half(
    codes: NDArray[np.uint16], light: NDArray[np.float32], alpha: NDArray[np.uint16] | None
) -> NDArray[np.float64]:
    """Light times alpha, before rounding to half."""
    shown = light.astype(np.float64)[codes]
    return shown if alpha is None else shown * (alpha / 65535.0)
