"""MSE: the mean squared difference."""

from __future__ import annotations

import numpy as np

from streammat.evaluation.arrays import FloatAlpha

__all__ = ["mse"]


def mse(pred: FloatAlpha, gt: FloatAlpha, pixels: float | None = None) -> float:
    """Sum of ``(pred - gt)^2`` over all pixels, divided by ``pixels`` (None: all of them).

    No pixel to divide by gives nan or inf, as in the published evaluation code.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sum((pred - gt) ** 2) / np.float64(gt.size if pixels is None else pixels))
