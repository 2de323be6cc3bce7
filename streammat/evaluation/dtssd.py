"""dtSSD: flicker, as the change from frame to frame that the true alpha does not make.

Source: Erofeev et al., "Perceptually motivated benchmark for video matting", BMVC 2015; scaled by
100 as in the tables of Robust Video Matting (Lin et al., WACV 2022).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ShapeError
from streammat.evaluation.arrays import checked_pair

__all__ = ["Alphas", "checked_clips", "dtssd"]

Alphas = Sequence[NDArray[Any]] | NDArray[Any]


def dtssd(pred: Alphas, gt: Alphas) -> float:
    """100 x the mean over frames of the root mean square of ``d pred/dt - d gt/dt``.

    Args:
        pred, gt: (T, H, W), or T alphas of (H, W): uint8, uint16 or float 0..1; T is at least 2.

    Raises:
        ShapeError: of different lengths or sizes, or a single frame.
    """
    checked_clips(pred, gt)
    total = 0.0
    before, before_gt = checked_pair(pred[0], gt[0])
    for index in range(1, len(gt)):
        now, now_gt = checked_pair(pred[index], gt[index])
        change = (now - before) - (now_gt - before_gt)
        total += float(np.sqrt(np.mean(np.square(change, dtype=np.float64))))
        before, before_gt = now, now_gt
    return 100 * total / (len(gt) - 1)


def checked_clips(pred: Alphas, gt: Alphas) -> None:
    """Raise ShapeError unless both have the same number of frames, at least two."""
    if len(pred) != len(gt) or len(gt) < 2:
        raise ShapeError(
            f"the prediction has {len(pred)} frames and the true alpha {len(gt)}: "
            "two or more, and as many of each, are needed"
        )
