"""Conn: pieces of the alpha that hang loose from the subject.

Sources: Rhemann et al., "A perceptually motivated online benchmark for image matting", CVPR 2009;
steps and constants of the evaluation code of GFM (Li et al., IJCV 2021).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from streammat.evaluation.arrays import FloatAlpha
from streammat.evaluation.optional import ndimage

__all__ = ["conn"]

STEP = 0.1
TOLERATED = 0.15  # a pixel may lie this far above its connected level

Convention = Literal["official", "standard"]


def conn(
    pred: FloatAlpha,
    gt: FloatAlpha,
    convention: Convention = "official",
    region: NDArray[Any] | None = None,
) -> float:
    """Sum over pixels of the difference in connectedness, / 1000.

    A pixel's level is the highest threshold at which it still belongs to the largest piece, in
    4-connection, of what is opaque in both alphas. Where both have nothing in common at a
    threshold, official skips it (so that an empty prediction scores 0), standard does not.

    Args:
        pred, gt: (H, W), 0..1; float32 and float64 differ in the fourth digit.
        convention: see above.
        region: bool; only these pixels are summed, None means all.
    """
    level = _levels(pred, gt, skip_empty=convention == "official")
    difference = np.abs(_connectedness(pred, level) - _connectedness(gt, level))
    return float(np.sum(difference if region is None else difference[region]) / 1000)


def _levels(pred: FloatAlpha, gt: FloatAlpha, *, skip_empty: bool) -> NDArray[np.float32]:
    # Steps with their float error, as published: 0.1 * 3 is not 0.3.
    steps = np.arange(0, 1.1, STEP)
    level = np.full(pred.shape, -1, np.float32)
    for index in range(1, steps.size):
        both = (pred >= steps[index]) & (gt >= steps[index])
        if skip_empty and not both.any():
            continue
        level[(level == -1) & ~_largest_piece(both)] = steps[index - 1]
    level[level == -1] = 1
    return level


def _largest_piece(opaque: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The largest 4-connected piece; the first in reading order of equally large ones."""
    labels, pieces = ndimage().label(opaque)
    if pieces == 0:
        return opaque
    sizes = np.bincount(labels.ravel())[1:]
    piece: NDArray[np.bool_] = labels == 1 + int(np.argmax(sizes))
    return piece


def _connectedness(alpha: FloatAlpha, level: NDArray[np.float32]) -> FloatAlpha:
    above = alpha - level
    return 1 - above * (above >= TOLERATED).astype(np.float32)
