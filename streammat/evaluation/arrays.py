"""Alphas and trimaps as every metric takes them: float 0..1, and 0 / 128 / 255."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ShapeError

__all__ = ["FloatAlpha", "checked_pair", "checked_trimap", "unit_alpha"]

FloatAlpha = NDArray[np.float32] | NDArray[np.float64]


def unit_alpha(alpha: NDArray[Any], name: str = "alpha") -> FloatAlpha:
    """``alpha`` as floats: uint8 and uint16 are divided by 255 and 65535, floats stay as they are.

    Args:
        alpha: (H, W); float32 and float64 keep their type, because connectivity's thresholds tell
            them apart in the fourth digit.
        name: for the message.

    Raises:
        ShapeError: another number of axes, another dtype, or no pixel.
    """
    if alpha.ndim != 2 or alpha.size == 0:
        raise ShapeError(f"{name} is {alpha.shape}: an array (H, W) is needed")
    if alpha.dtype in (np.float32, np.float64):
        return alpha
    if alpha.dtype == np.uint8:
        return alpha / 255.0
    if alpha.dtype == np.uint16:
        return alpha / 65535.0
    raise ShapeError(f"{name} is {alpha.dtype}: use uint8, uint16, float32 or float64")


def checked_pair(pred: NDArray[Any], gt: NDArray[Any]) -> tuple[FloatAlpha, FloatAlpha]:
    """Both as floats of one size.

    Raises:
        ShapeError: of different sizes, or as `unit_alpha`.
    """
    if pred.shape != gt.shape:
        raise ShapeError(
            f"the prediction is {pred.shape} and the true alpha {gt.shape}: make them one size"
        )
    return unit_alpha(pred, "prediction"), unit_alpha(gt, "true alpha")


def checked_trimap(trimap: NDArray[Any] | None, shape: tuple[int, ...]) -> NDArray[Any] | None:
    """The trimap itself.

    Raises:
        ShapeError: of another size, or not uint8.
    """
    if trimap is not None and (trimap.shape != shape or trimap.dtype != np.uint8):
        raise ShapeError(
            f"the trimap is {trimap.dtype} {trimap.shape}: uint8 {shape} of 0, 128, 255 is needed"
        )
    return trimap
