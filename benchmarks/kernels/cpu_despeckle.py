"""Despeckling beside OpenCV's connected components."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np

from streammat_kernels import despeckle

from . import pictures
from .trial import Size, Trial

__all__ = ["despeckled"]

SIZE_PX = 30


def despeckled(size: Size, sets: Callable[[int], int]) -> Trial:
    """A matte without its islands; OpenCV labels, counts and looks up."""
    alpha = pictures.alpha(size.height, size.width)
    number = sets(2 * alpha.nbytes)
    sources, out = ([alpha.copy() for _ in range(number)] for _ in range(2))
    workspace = despeckle.Workspace(size.height, size.width)
    least = despeckle.least_area(SIZE_PX)

    def ours(index: int) -> None:
        despeckle.despeckle(sources[index], out[index], size_px=SIZE_PX, workspace=workspace)

    def opencv(index: int) -> None:
        inside = (sources[index] > 0).view(np.uint8)
        _, labels, facts, _ = cv2.connectedComponentsWithStats(inside, connectivity=8)
        stays = facts[:, cv2.CC_STAT_AREA] >= least
        np.multiply(sources[index], stays[labels], out=out[index])

    return Trial(ours, 2 * alpha.nbytes, {"opencv": opencv})
