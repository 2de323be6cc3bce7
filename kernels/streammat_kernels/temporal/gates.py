"""The constants of motion-gated smoothing, shared by the definition and the kernels."""

from __future__ import annotations

__all__ = [
    "DISAGREEMENT",
    "DRIFT_HIGH",
    "DRIFT_LOW",
    "MAX_KEEP",
    "MOTION_HIGH",
    "MOTION_LOW",
    "SNAP",
]

MAX_KEEP = 0.9
"""Share of the memory that strength 1 keeps on a still picture (noise falls to 23 %)."""

MOTION_LOW = 2.2
"""Change of a 4x4 block's mean luma, in 8-bit steps, that may be noise (sigma 2 gives 0.7)."""

MOTION_HIGH = 4.5
"""Change of a block from which it is motion: nothing of the memory is kept."""

DRIFT_LOW = 0.8
"""The same for the mean change of 3x3 blocks, which sees weak edges (sigma 2 gives 0.24)."""

DRIFT_HIGH = 1.8
"""Mean change of 3x3 blocks from which it is motion."""

DISAGREEMENT = 0.18 * 65535
"""Difference of alpha and memory at which half of the memory's share is kept."""

SNAP = 0.5 / 255 * 65535
"""Where the new alpha is exactly 0 or 1, a memory this near is dropped at once: no ghost tails."""
