"""The definition of motion-gated smoothing, in NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .gates import (
    DRIFT_HIGH,
    DRIFT_LOW,
    MOTION_HIGH,
    MOTION_LOW,
    SNAP,
    SUDDEN_HIGH,
    SUDDEN_LOW,
    TREMBLE,
    keeps,
)
from .state import BLOCK_PX

__all__ = ["blend", "block_means", "stillness"]


def block_means(luma: NDArray[Any], maximum: float) -> NDArray[np.float64]:
    """Mean of each 4x4 block, scaled from 0..maximum to 0..255; border blocks may be partial."""
    rows = range(0, luma.shape[0], BLOCK_PX)
    columns = range(0, luma.shape[1], BLOCK_PX)
    blocks = [[luma[y : y + BLOCK_PX, x : x + BLOCK_PX].mean() for x in columns] for y in rows]
    return np.array(blocks, np.float64) * (255.0 / maximum)


def stillness(previous: NDArray[Any], current: NDArray[Any], shift: float) -> NDArray[np.float64]:
    """1 where a block and its eight neighbours are still, 0 where something moves.

    ``shift`` is the change of brightness of the whole picture; it is no motion.
    """
    change = np.pad(current.astype(np.float64) - previous - shift, 1, mode="edge")
    rows, columns = current.shape
    around = np.array([change[y : y + rows, x : x + columns] for y in range(3) for x in range(3)])
    worst, drift = np.abs(around).max(axis=0), np.abs(around.mean(axis=0))
    motion = (MOTION_HIGH - worst) / (MOTION_HIGH - MOTION_LOW)
    drifting = (DRIFT_HIGH - drift) / (DRIFT_HIGH - DRIFT_LOW)
    still: NDArray[np.float64] = np.clip(np.minimum(motion, drifting), 0.0, 1.0)
    return still


def blend(
    alpha: NDArray[Any], memory: NDArray[Any], still: NDArray[Any], strength: float
) -> NDArray[np.float64]:
    """New memory from alpha (codes), the old memory (codes) and the stillness of the blocks."""
    height, width = alpha.shape
    still_px = np.repeat(np.repeat(still, BLOCK_PX, axis=0), BLOCK_PX, axis=1)[:height, :width]
    difference = memory.astype(np.float64) - alpha
    tremble = 1.0 / (1.0 + (difference / TREMBLE) ** 4)
    size = (np.abs(difference) - SUDDEN_LOW) / (SUDDEN_HIGH - SUDDEN_LOW)
    size = np.clip(size, 0.0, 1.0)
    small, large = keeps(strength)
    keep = np.maximum(small * tremble, large * size * size * (3 - 2 * size))
    smoothed = alpha + still_px * keep * difference
    solid = (alpha == 0) | (alpha == 65535)
    return np.where(solid & (np.abs(smoothed - alpha) < SNAP), alpha.astype(np.float64), smoothed)
