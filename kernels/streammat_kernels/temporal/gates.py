"""The constants of motion-gated smoothing, shared by the definition and the kernels.

While the picture stands still, memory stays for two reasons: alpha trembles a little, or it is
suddenly quite another one, because the network changed its mind.
"""

from __future__ import annotations

__all__ = [
    "DRIFT_HIGH",
    "DRIFT_LOW",
    "MAX_KEEP",
    "MOST_SUDDEN_KEEP",
    "MOTION_HIGH",
    "MOTION_LOW",
    "SNAP",
    "SUDDEN_HIGH",
    "SUDDEN_KEEP",
    "SUDDEN_LOW",
    "TREMBLE",
    "keeps",
]

MAX_KEEP = 0.9
"""Share of the memory that strength 1 keeps where alpha trembles (noise falls to 23 %)."""

MOTION_LOW = 2.2
"""Change of a 4x4 block's mean luma, in 8-bit steps, that may be noise (sigma 2 gives 0.7)."""

MOTION_HIGH = 4.5
"""Change of a block from which it is motion: nothing of the memory is kept."""

DRIFT_LOW = 0.8
"""The same for the mean change of 3x3 blocks, which sees weak edges (sigma 2 gives 0.24)."""

DRIFT_HIGH = 1.8
"""Mean change of 3x3 blocks from which it is motion."""

TREMBLE = 0.18 * 65535
"""Difference of alpha and memory at which half of ``MAX_KEEP`` counts."""

SUDDEN_KEEP = 1.15
"""Share of the memory, times strength, that is kept against quite another alpha: more than noise
needs, so that it has to last for some frames before it shows."""

MOST_SUDDEN_KEEP = 0.95
"""What that is at most: in the end the new alpha wins."""

SUDDEN_LOW, SUDDEN_HIGH = 0.5 * 65535, 0.9 * 65535
"""Differences from which ``SUDDEN_KEEP`` begins to count, and counts in full."""

SNAP = 0.5 / 255 * 65535
"""Where the new alpha is exactly 0 or 1, a memory this near is dropped at once: no ghost tails."""


def keeps(strength: float) -> tuple[float, float]:
    """Shares of the memory that are kept at most against a small and against a large difference."""
    return MAX_KEEP * strength, min(SUDDEN_KEEP * strength, MOST_SUDDEN_KEEP)
