"""The constants of motion-gated smoothing, shared by the definition and the kernels."""

from __future__ import annotations

__all__ = [
    "DISAGREEMENT",
    "MAX_KEEP",
    "MOTION_HIGH",
    "MOTION_LOW",
    "SNAP",
]

MAX_KEEP = 0.85
"""Share of the memory that strength 1 keeps on a still picture (noise falls to 28 %)."""

MOTION_LOW = 2.5
"""Change of a block's mean luma, in 8-bit steps, up to which it counts as noise (sigma 2 gives 0.7)."""

MOTION_HIGH = 6.0
"""Change from which it counts as motion: nothing of the memory is kept."""

DISAGREEMENT = 0.25 * 65535
"""Difference of alpha and memory at which half of the memory's share is kept."""

SNAP = 0.5 / 255 * 65535
"""Where the new alpha is exactly 0 or 1, a memory this near is dropped at once: no ghost tails."""
