"""MAD: the mean absolute difference."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.evaluation.arrays import FloatAlpha

__all__ = ["mad", "mad_where"]


def mad(pred: FloatAlpha, gt: FloatAlpha, pixels: float | None = None) -> float:
    """Sum of ``|pred - gt|`` over all pixels, divided by ``pixels`` (None: all of them).

    No pixel to divide by gives nan or inf, as in the published evaluation code.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sum(np.abs(pred - gt)) / np.float64(gt.size if pixels is None else pixels))


def mad_where(pred: FloatAlpha, gt: FloatAlpha, region: NDArray[Any]) -> float | None:
    """Mean of ``|pred - gt|`` over the pixels of ``region`` (bool); None where it is empty."""
    return float(np.abs(pred - gt)[region].mean()) if region.any() else None
