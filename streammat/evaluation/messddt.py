"""MESSDdt: flicker along the motion: how much a point's squared error changes as it moves.

Source: Erofeev et al., "Perceptually motivated benchmark for video matting", BMVC 2015.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from streammat.errors import ShapeError
from streammat.evaluation.arrays import checked_pair
from streammat.evaluation.dtssd import Alphas, checked_clips
from streammat.evaluation.optional import ndimage

__all__ = ["messddt"]


def messddt(
    pred: Alphas,
    gt: Alphas,
    flow: Alphas | None = None,
) -> float:
    """100 x the mean over frames and pixels of ``|e(t, x) - e(t+1, x + v)|``, e the squared error.

    Points that leave the picture are left out.

    Args:
        pred, gt: (T, H, W), or T alphas of (H, W): uint8, uint16 or float 0..1; T is at least 2.
        flow: (T - 1, H, W, 2), pixels to the right and down that a point of frame t moves until
            frame t + 1; None means that nothing moves.

    Raises:
        ShapeError: lengths or sizes that do not belong together.
    """
    checked_clips(pred, gt)
    if flow is not None and len(flow) != len(gt) - 1:
        raise ShapeError(f"{len(flow)} flow fields for {len(gt)} frames: {len(gt) - 1} are needed")
    errors = (np.square(np.subtract(*checked_pair(p, g))) for p, g in zip(pred, gt, strict=True))
    total, before = 0.0, next(errors)
    for index, now in enumerate(errors):
        moved, seen = (now, None) if flow is None else _followed(now, np.asarray(flow[index]))
        change = np.abs(before - moved)
        total += float(np.mean(change if seen is None else change[seen])) if _any(seen) else 0.0
        before = now
    return 100 * total / (len(gt) - 1)


def _any(seen: NDArray[np.bool_] | None) -> bool:
    return seen is None or bool(seen.any())


def _followed(
    error: NDArray[Any], flow: NDArray[Any]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """``error`` read (linearly) where each point went, and which points are still inside."""
    height, width = error.shape
    if flow.shape != (height, width, 2):
        raise ShapeError(f"a flow field is {flow.shape}: ({height}, {width}, 2) is needed")
    rows, columns = np.indices((height, width), dtype=np.float64)
    rows += flow[..., 1]
    columns += flow[..., 0]
    seen = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    moved = ndimage().map_coordinates(error, [rows, columns], order=1, mode="nearest")
    return moved, seen
