"""The definition of motion-compensated smoothing, in NumPy."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..motion.reference import sampled, window_sum
from .gates import (
    BROAD,
    BROAD_CURVE,
    BROAD_HIGH,
    BROAD_LOW,
    EXPLAINED,
    MOVING,
    MOVING_SHARE,
    NARROW_CURVE,
    SNAP,
    STILL,
    WITNESS,
    WITNESS_RADIUS,
    WITNESS_STEP,
    keeps,
)
from .state import BLOCK_PX

__all__ = ["blend", "block_means", "breadth", "follow", "recall", "stillness", "witness"]

Map = NDArray[np.float64]


def block_means(plane: NDArray[Any], maximum: float) -> Map:
    """Mean of each 4x4 block, scaled from 0..maximum to 0..255; border blocks may be partial."""
    rows = range(0, plane.shape[0], BLOCK_PX)
    columns = range(0, plane.shape[1], BLOCK_PX)
    blocks = [[plane[y : y + BLOCK_PX, x : x + BLOCK_PX].mean() for x in columns] for y in rows]
    return np.array(blocks, np.float64) * (255.0 / maximum)


def follow(
    previous: NDArray[Any], current: NDArray[Any], shift: float, found: NDArray[Any]
) -> tuple[Map, Map]:
    """Vectors (2, h, w) in blocks, 0 where those found do not explain the change, and residuals.

    ``shift`` is the change of brightness of the whole picture; it is no motion.
    """
    rows, columns = current.shape
    y, x = np.mgrid[:rows, :columns]
    without = previous.astype(np.float64) + shift - current
    if min(rows, columns) < 2:
        return np.zeros_like(found, np.float64), without
    along = sampled(previous, y + found[1], x + found[0]) + shift - current
    moving = window_sum(without**2 - along**2, 2) > EXPLAINED
    return np.where(moving, found, 0.0), np.where(moving, along, without)


def recall(memory: NDArray[Any], vectors: NDArray[Any]) -> Map:
    """The memory (codes) where it is now: each block's is taken from along its vector."""
    height, width = memory.shape
    if min(height, width) < 2:
        return memory.astype(np.float64)
    y, x = np.mgrid[:height, :width]
    across, down = (BLOCK_PX * _pixels(part, height, width) for part in vectors)
    return sampled(memory, y + down, x + across)


def witness(
    previous: NDArray[Any], current: NDArray[Any], shift: float, vectors: NDArray[Any]
) -> Map:
    """Whether the memory of a block may speak against quite another alpha, 0..1.

    Its vector is tried on the blocks around it; beyond the border those there are repeated.
    """
    rows, columns = current.shape
    limit = WITNESS.residual + WITNESS.slope * _slope(current)
    y, x = np.mgrid[:rows, :columns]
    steps = range(-WITNESS_RADIUS, WITNESS_RADIUS + 1, WITNESS_STEP)
    total = np.zeros((rows, columns))
    for j, i in itertools.product(steps, steps):
        at = np.clip(y + j, 0, rows - 1), np.clip(x + i, 0, columns - 1)
        before = previous[at].astype(np.float64)
        if vectors.any():
            before = sampled(previous, at[0] + vectors[1], at[1] + vectors[0])
        residual = np.abs(before + shift - current[at])
        total += np.clip(2 - residual / limit[at], 0.0, 1.0)
    share = total / len(steps) ** 2
    found: Map = np.clip((share - WITNESS.low) / (WITNESS.high - WITNESS.low), 0.0, 1.0)
    return found


def _slope(current: NDArray[Any]) -> Map:
    """Change of luma from the block before to the one behind, the larger of down and across."""
    wide = np.pad(current.astype(np.float64), 1, mode="edge")
    down, across = wide[2:, 1:-1] - wide[:-2, 1:-1], wide[1:-1, 2:] - wide[1:-1, :-2]
    larger: Map = np.maximum(np.abs(down), np.abs(across))
    return larger


def breadth(alpha: NDArray[Any], memory: NDArray[Any]) -> Map:
    """How broadly the moved memory differs from alpha (both codes), 0..1 for each block."""
    mean = window_sum(block_means(memory - alpha.astype(np.float64), 255 * 65535), 1) / 9
    broad: Map = np.clip((np.abs(mean) - BROAD_LOW) / (BROAD_HIGH - BROAD_LOW), 0.0, 1.0)
    return broad


def stillness(residual: NDArray[Any], moving: NDArray[Any], broad: NDArray[Any]) -> Map:
    """1 where a block and its neighbours are what they were along the motion, 0 where not."""
    rows, columns = residual.shape
    change = np.pad(residual.astype(np.float64), 1, mode="edge")
    around = np.array([change[y : y + rows, x : x + columns] for y in range(3) for x in range(3)])
    worst, drift = np.abs(around).max(axis=0), np.abs(around.mean(axis=0))
    narrow = [np.where(moving, a, b) for a, b in zip(MOVING, STILL, strict=True)]
    limits = [a + broad * (b - a) for a, b in zip(narrow, BROAD, strict=True)]
    calm = (limits[1] - worst) / (limits[1] - limits[0])
    steady = (limits[3] - drift) / (limits[3] - limits[2])
    still: Map = np.clip(np.minimum(calm, steady), 0.0, 1.0)
    return still


def blend(
    alpha: NDArray[Any],
    memory: NDArray[Any],
    still: NDArray[Any],
    moving: NDArray[Any],
    broad: NDArray[Any],
    sure: NDArray[Any],
    strength: float,
) -> Map:
    """New memory from alpha (codes) and the moved memory (codes); the rest for each block.

    ``broad`` is what ``breadth`` and ``witness``, which is ``sure``, say together: their product.
    """
    height, width = alpha.shape
    parts = still, moving, broad, sure
    still_px, moving_px, broad_px, sure_px = (_pixels(part, height, width) for part in parts)
    tremble, low, high = (
        a + broad_px * (b - a) for a, b in zip(NARROW_CURVE, BROAD_CURVE, strict=True)
    )
    difference = memory.astype(np.float64) - alpha
    size = np.abs(difference) / 65535
    near = 1.0 / (1.0 + (size / tremble) ** 4)
    far = np.clip((size - low) / (high - low), 0.0, 1.0)
    small, large = keeps(strength)
    share = np.where(moving_px, MOVING_SHARE + (1 - MOVING_SHARE) * broad_px, 1.0)
    keep = np.maximum(small * share * near, sure_px * large * far * far * (3 - 2 * far))
    smoothed = alpha + still_px * keep * difference
    solid = (alpha == 0) | (alpha == 65535)
    return np.where(solid & (np.abs(smoothed - alpha) < SNAP), alpha.astype(np.float64), smoothed)


def _pixels(blocks: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    return np.repeat(np.repeat(blocks, BLOCK_PX, axis=0), BLOCK_PX, axis=1)[:height, :width]
