"""The definition of matte finesse, in NumPy; alpha runs 0..1 in float64 and is not rounded."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .plan import gaussian_weights, growth_steps, step_samples

__all__ = ["clip", "feather", "finesse", "grow"]


def clip(alpha: NDArray[np.float64], black: float, white: float) -> NDArray[np.float64]:
    """Remap so that ``black`` and less becomes 0, ``white`` and more becomes 1."""
    return np.clip((alpha - black) / (white - black), 0.0, 1.0)


def grow(alpha: NDArray[np.float64], radius_px: float) -> NDArray[np.float64]:
    """Dilate by a disc; a negative radius erodes (the dilation of 1 - alpha)."""
    if radius_px < 0:
        return 1.0 - grow(1.0 - alpha, -radius_px)
    rows, columns = alpha.shape
    for radius in growth_steps(radius_px):
        around = np.pad(alpha, 1, mode="edge")
        shifted = np.array(
            [[around[y : y + rows, x : x + columns] for x in range(3)] for y in range(3)]
        )
        samples = [np.tensordot(weights, shifted) for weights in step_samples(radius)]
        alpha = np.maximum(alpha, np.max(samples, axis=0))
    return alpha


def feather(alpha: NDArray[np.float64], radius_px: float) -> NDArray[np.float64]:
    """Blur by a Gaussian of sigma radius_px / 2, borders replicated."""
    weights = gaussian_weights(radius_px).astype(np.float64)
    reach = len(weights) // 2
    for axis in (1, 0):
        padding = [(0, 0), (0, 0)]
        padding[axis] = (reach, reach)
        around = np.pad(alpha, padding, mode="edge")
        windows = np.lib.stride_tricks.sliding_window_view(around, len(weights), axis=axis)
        alpha = windows @ weights
    return alpha


def finesse(
    alpha: NDArray[Any],
    *,
    grow_px: float = 0.0,
    shrink_px: float = 0.0,
    feather_px: float = 0.0,
    clip_black: float = 0.0,
    clip_white: float = 1.0,
    garbage: NDArray[Any] | None = None,
    holdout: NDArray[Any] | None = None,
    roi: tuple[int, int, int, int] | None = None,
) -> NDArray[np.float64]:
    """See ``streammat_kernels.finesse.finesse``; the result runs 0..65535 and is not rounded."""
    result = clip(alpha / 65535.0, clip_black, clip_white)
    result = grow(result, grow_px - shrink_px)
    if feather_px > 0:
        result = feather(result, feather_px)
    if holdout is not None:
        result = np.maximum(result, holdout / 65535.0)
    if garbage is not None:
        result = np.minimum(result, 1.0 - garbage / 65535.0)
    if roi is not None:
        x, y, width, height = roi
        inside = np.zeros(alpha.shape, bool)
        inside[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)] = True
        result = np.where(inside, result, 0.0)
    return result * 65535.0
