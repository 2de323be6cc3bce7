"""The constants of motion-compensated smoothing, shared by the definition and the kernels.

Memory follows the picture and stays for two reasons: alpha trembles a little, or it is suddenly
quite another one over several blocks, because the network changed its mind. What says that memory
and picture still belong together is the residual: the change of luma along the motion.
"""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "BROAD",
    "BROAD_CURVE",
    "BROAD_HIGH",
    "BROAD_LOW",
    "EXPLAINED",
    "MAX_KEEP",
    "MOST_SUDDEN_KEEP",
    "MOVING",
    "MOVING_SHARE",
    "NARROW_CURVE",
    "SNAP",
    "STILL",
    "SUDDEN_KEEP",
    "WITNESS",
    "WITNESS_RADIUS",
    "WITNESS_STEP",
    "Curve",
    "Limits",
    "Witness",
    "keeps",
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

BROAD_LOW, BROAD_HIGH = 0.1, 0.28
"""Mean difference of alpha and memory over 3x3 blocks that begins to be broad, and is it in full.
The limits above and the curves below are mixed by it."""

EXPLAINED = 5.0
"""Squared residual, summed over 5x5 blocks, that a vector has to take away to be followed."""

MAX_KEEP = 0.9
"""Share of the memory that strength 1 keeps where alpha trembles (noise falls to 23 %)."""

MOVING_SHARE = 0.5
"""Part of it that is kept along a vector: memory that moves is blurred by sampling."""


class Witness(NamedTuple):
    """Whether memory is a witness against quite another alpha: a block's own vector has to explain
    the picture around it. In a fast or blurred subject single blocks match some background of the
    same brightness; to believe them tears the subject to pieces.

    ``residual`` in 8-bit steps, and ``slope`` times the change of luma from the block before to the
    one behind, down or across, whichever is more: up to their sum a block is explained, at twice of
    it not at all (a vector that is a little wrong leaves more at edges). ``low`` and ``high`` are
    shares of explained blocks from which the memory begins to count, and counts in full.
    """

    residual: float
    slope: float
    low: float
    high: float


WITNESS = Witness(2.3, 0.16, 0.84, 0.97)

WITNESS_RADIUS, WITNESS_STEP = 8, 2
"""Blocks on each side that are looked at, and every which of them: 81. Smaller windows believe what
lies in the middle of a large subject, wider ones let the background speak for a small one."""

SUDDEN_KEEP = 1.15
"""Share of the memory, times strength, that is kept against quite another alpha: more than noise
needs, so that it has to last for some frames before it shows."""

MOST_SUDDEN_KEEP = 0.95
"""What that is at most: in the end the new alpha wins."""


class Curve(NamedTuple):
    """How much counts of what is kept, over the difference of alpha and memory, 0..1.

    ``tremble`` is the difference at which half of ``MAX_KEEP`` counts; ``sudden_low`` and
    ``sudden_high`` those from which ``SUDDEN_KEEP`` begins to count, and counts in full.
    """

    tremble: float
    sudden_low: float
    sudden_high: float


NARROW_CURVE = Curve(0.18, 0.5, 0.9)
"""Thin differences: edges."""

BROAD_CURVE = Curve(0.6, 0.2, 0.6)
"""Broad ones, which are flips of the network also where they are no more than half."""

SNAP = 0.5 / 255 * 65535
"""Where the new alpha is exactly 0 or 1, a memory this near is dropped at once: no ghost tails."""


def keeps(strength: float) -> tuple[float, float]:
    """Shares of the memory that are kept at most against a small and against a large difference."""
    return MAX_KEEP * strength, min(SUDDEN_KEEP * strength, MOST_SUDDEN_KEEP)
