"""Grad: how far the alpha's edges differ in place and steepness.

Sources: Rhemann et al., "A perceptually motivated online benchmark for image matting", CVPR 2009;
the official form is that of the evaluation code of GFM (Li et al., IJCV 2021), the standard form
that of the Deep Image Matting benchmark (Xu et al., CVPR 2017).
"""

from __future__ import annotations

import math
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streammat.evaluation.arrays import FloatAlpha
from streammat.evaluation.optional import ndimage

__all__ = ["grad", "gradient_error"]

SIGMA_PX = 1.4
_CUT = 1e-2  # the standard kernel ends where the Gaussian falls below this
_DIVISOR = {"official": 10, "standard": 1000}

Convention = Literal["official", "standard"]


def grad(
    pred: FloatAlpha,
    gt: FloatAlpha,
    convention: Convention = "official",
    region: NDArray[Any] | None = None,
) -> float:
    """Sum of the squared differences of gradient magnitudes, / 10 (official) or / 1000 (standard).

    Args:
        pred, gt: (H, W), 0..1.
        convention: which derivative filter and divisor; see `gradient_error`.
        region: bool; only these pixels are summed, None means all.
    """
    error = gradient_error(pred, gt, convention)
    chosen = error if region is None else error[region]
    return float(np.sum(chosen) / _DIVISOR[convention])


def gradient_error(
    pred: FloatAlpha, gt: FloatAlpha, convention: Convention = "official"
) -> FloatAlpha:
    """(H, W) squared difference of the magnitudes of Gaussian derivatives, sigma 1.4 px.

    official: unnormalised derivatives, cut at four sigma, the border reflected. standard: filters
    of unit energy, cut where the Gaussian falls below 0.01, the border repeated.
    """
    error: FloatAlpha
    if convention == "official":
        error = np.square(_official_magnitude(pred) - _official_magnitude(gt))
    else:
        error = np.square(_standard_magnitude(pred) - _standard_magnitude(gt))
    return error


def _official_magnitude(alpha: FloatAlpha) -> NDArray[np.float32]:
    filtered = ndimage().gaussian_filter
    down = filtered(alpha, sigma=SIGMA_PX, order=[1, 0], output=np.float32)
    across = filtered(alpha, sigma=SIGMA_PX, order=[0, 1], output=np.float32)
    magnitude: NDArray[np.float32] = np.sqrt(down**2 + across**2)
    return magnitude


def _standard_magnitude(alpha: FloatAlpha) -> NDArray[np.float64]:
    bell, slope = _standard_kernels()
    correlate = ndimage().correlate1d
    values = np.asarray(alpha, np.float64)
    down = correlate(correlate(values, slope, 0, mode="nearest"), bell, 1, mode="nearest")
    across = correlate(correlate(values, bell, 0, mode="nearest"), slope, 1, mode="nearest")
    magnitude: NDArray[np.float64] = np.hypot(down, across)
    return magnitude


def _standard_kernels() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Gaussian and its derivative, scaled so that their product in 2-D has unit energy."""
    half = math.ceil(SIGMA_PX * math.sqrt(-2 * math.log(math.sqrt(2 * math.pi) * SIGMA_PX * _CUT)))
    x = np.arange(-half, half + 1, dtype=np.float64)
    bell = np.exp(-(x**2) / (2 * SIGMA_PX**2)) / (SIGMA_PX * math.sqrt(2 * math.pi))
    slope = -x * bell / SIGMA_PX**2
    return bell / np.linalg.norm(bell), slope / np.linalg.norm(slope)
