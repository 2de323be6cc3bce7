"""SAD: the sum of absolute differences, in thousands of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.evaluation.arrays import FloatAlpha

__all__ = ["sad", "sad_where"]


def sad(pred: FloatAlpha, gt: FloatAlpha) -> float:
    """Sum of ``|pred - gt|`` over all pixels / 1000."""
    return float(np.sum(np.abs(pred - gt)) / 1000)


def sad_where(pred: FloatAlpha, gt: FloatAlpha, region: NDArray[Any]) -> float:
    """The same over the pixels of ``region`` (bool), for example those of the trimap's 255."""
    return float(np.sum(np.abs(pred - gt) * region.astype(np.float64)) / 1000)
