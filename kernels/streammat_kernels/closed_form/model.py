"""The constants of closed-form matting, and the steps in which its equations are solved."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

__all__ = ["FRAME", "REACH", "SIDE", "STILL", "SURE", "WINDOW", "Settings", "Step", "steps_of"]

SURE = 0.02
"""Alpha this near to 0 or 1 is taken as known, unless a neighbour's is not."""

WINDOW = 9
"""Samples of the 3x3 windows in which the colours of each side lie on a line."""

REACH = 2
"""From a sample to the farthest that shares a window with it."""

SIDE = 2 * REACH + 1


class Settings(NamedTuple):
    """How far alpha may go towards what the colours say.

    Attributes:
        noise: variance of a colour, 0..1, below which it says nothing; Levin's epsilon / 9.
        trust: weight of the alpha that was given, beside 0..9 of the colours'.
        steps: of the solver.
        slowest: errors whose eigenvalue is smaller may stay: what steps are not enough for.
    """

    noise: float
    trust: float
    steps: int
    slowest: float


FRAME = Settings(noise=3.3e-5, trust=0.15, steps=10, slowest=0.2)
"""For frames of clips at the network's size. Less trust makes edges hardly steadier, and
notches where compressed backgrounds resemble the subject."""

STILL = Settings(noise=1.1e-6, trust=1e-3, steps=100, slowest=1e-3)
"""For pictures at their own size, up to two million pixels."""


class Step(NamedTuple):
    """One step: x + keep * (x - the x before) + rate * residual."""

    keep: float
    rate: float


@cache
def steps_of(settings: Settings) -> tuple[Step, ...]:
    """Chebyshev's semi-iteration for eigenvalues from ``slowest`` to 9 + trust.

    The Laplacian is a sum of 9 windows a sample, each between 0 and the identity, so that 9 is a
    bound that holds for every picture, and no inner products, which differ from machine to machine,
    are needed. Source: Golub & Van Loan, "Matrix Computations", 4th ed., section 11.2.8.
    """
    highest, lowest = WINDOW + settings.trust, settings.slowest
    centre, half = (highest + lowest) / 2, (highest - lowest) / 2
    ratio = half / centre
    steps = [Step(0.0, 1 / centre)]
    for _ in range(settings.steps - 1):
        following = 1 / (2 * centre / half - ratio)
        steps.append(Step(following * ratio, 2 * following / half))
        ratio = following
    return tuple(steps)
