"""When a run ends, which phase it is in, and how fast it learns at a moment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

SCHEDULES = ("cosine", "linear", "constant")


class Budget(NamedTuple):
    """When training ends; exactly one of the two is given.

    A run in steps is repeatable. A run in seconds ends at another step on every machine and after
    every interruption; use it to fill a time slot.
    """

    seconds: float | None = None
    steps: int | None = None

    def progress(self, seconds: float, steps: int) -> float:
        """0 at the start, 1 at the end."""
        done = steps / self.steps if self.steps else seconds / (self.seconds or 1.0)
        return min(done, 1.0)


class Phase(NamedTuple):
    """A stretch of training at one picture area; shapes are H, W in pixels, multiples of 32."""

    until: float  # share of the budget at which it ends
    batch: int
    shapes: tuple[tuple[int, int], ...]


def learning_rate_factor(
    progress: float, step: int, warmup_steps: int, schedule: str = "cosine"
) -> float:
    """Share of the recipe's rates: a linear warm-up in steps times a decay in progress.

    Args:
        progress: of the budget, 0..1.
        step: number of the step, from 0.
        warmup_steps: at least 0.
        schedule: ``cosine`` and ``linear`` end at 0, ``constant`` does not decay.
    """
    warm = min(1.0, (step + 1) / max(warmup_steps, 1))
    if schedule == "constant":
        return warm
    if schedule == "linear":
        return warm * (1 - progress)
    return warm * 0.5 * (1 + math.cos(math.pi * progress))


def current_phase(phases: Sequence[Phase], progress: float) -> Phase:
    """The first phase that has not ended yet."""
    return next((p for p in phases if progress < p.until), phases[-1])
