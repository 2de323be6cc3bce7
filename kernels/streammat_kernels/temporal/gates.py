"""The constants of motion-compensated smoothing, shared by the definition and the kernels.

Memory follows the picture and stays where alpha trembles a little. What says that memory and
picture still belong together is the residual: the change of luma along the motion.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "BROAD",
    "BROAD_HIGH",
    "BROAD_LOW",
    "BROAD_TREMBLE",
    "EXPLAINED",
    "MAX_KEEP",
    "MOVING",
    "MOVING_SHARE",
    "NARROW_TREMBLE",
    "SNAP",
    "STILL",
    "Limits",
    "keep",
]


class Limits(NamedTuple):
    """Residuals in 8-bit steps, of 4x4 blocks of luma, from which memory begins to go, and is gone.

    ``worst`` is the largest of a block and its eight neighbours, ``drift`` the mean of the nine,
    which sees weak edges.
    """

    worst_low: float
    worst_high: float
    drift_low: float
    drift_high: float


STILL = Limits(2.2, 4.5, 0.8, 1.8)
"""Where nothing moved: noise alone (sigma 2 gives 0.7 for a block and 0.24 for the mean)."""

MOVING = Limits(2.5, 7.0, 1.0, 3.0)
"""Along a vector: noise, and what a vector that is a little wrong leaves at an edge."""

BROAD = Limits(5.0, 12.0, 1.0, 3.0)
"""Where alpha and memory differ over several blocks. A moving edge does that along a line at most;
so here single blocks have to change more before the memory goes. The mean does not: it is what
tells places that were uncovered. Wider limits flicker less still (49 and 9 steps: 8 %), but then
hair drags over dark trees behind a head that nods."""

BROAD_LOW, BROAD_HIGH = 0.15, 0.4
"""Mean difference of alpha and memory over 3x3 blocks that begins to be broad, and is it in full.
The limits above and the trembling below are mixed by it."""

EXPLAINED = 5.0
"""Squared residual, summed over 5x5 blocks, that a vector has to take away to be followed."""

MAX_KEEP = 0.9
"""Share of the memory that strength 1 keeps where alpha trembles (noise falls to 23 %)."""

MOVING_SHARE = 0.5
"""Part of it that is kept along a vector: memory that moves is blurred by sampling."""

NARROW_TREMBLE, BROAD_TREMBLE = 0.18, 0.3
"""Difference of alpha and memory, 0..1, at which half of ``MAX_KEEP`` counts: thin differences,
which are edges, and broad ones. Larger ones are no trembling: the new alpha wins at once. To hold
it back until it has lasted, as the network may have changed its mind, takes 7 % off the flicker of
made clips, but in fast or blurred subjects, where blocks match some background of the same
brightness, it tears holes, and over made clips errors grow by a fifth."""

SNAP = 0.5 / 255 * 65535
"""Where the new alpha is exactly 0 or 1, a memory this near is dropped at once: no ghost tails."""


def keep(strength: float) -> float:
    """Share of the memory that is kept at most."""
    return MAX_KEEP * strength
