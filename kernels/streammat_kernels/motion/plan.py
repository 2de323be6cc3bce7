"""The constants of motion estimation and the levels that it solves, shared by all backends."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["LONGEST", "MOST_STEP", "NOISE", "RADIUS", "Plan", "level_size", "plan"]

RADIUS = 3
"""Of the square window, in samples, whose motion is taken to be one."""

NOISE = 1.0
"""Variance per sample, (8-bit steps)^2, added to the structure tensor: a window without any
structure keeps the vector that the coarser level gave it."""

MOST_STEP = 1.5
"""Samples by which one level may correct the vector of the coarser one, along each axis."""

LONGEST = 320
"""Samples along the longer side of the finest level that is solved; larger maps are shrunk to it,
because what moves is larger than a sample of theirs."""

_MOST_LEVELS = 5  # vectors up to about 2 * 1.5 * 2^5 samples
_SMALLEST = 8  # samples along the shorter side of the coarsest level


class Plan(NamedTuple):
    """The levels that are solved, from coarse to fine; level k has sides divided by 2^k."""

    finest: int
    coarsest: int


def level_size(rows: int, columns: int, level: int) -> tuple[int, int]:
    """Rows and columns of a level; what does not fill a sample is left out."""
    return rows >> level, columns >> level


def plan(rows: int, columns: int) -> Plan:
    """Which levels of maps of that size are solved."""
    shorter, longer = min(rows, columns), max(rows, columns)
    finest = 0
    while longer >> finest > LONGEST and shorter >> (finest + 1) >= 2:
        finest += 1
    coarsest = finest
    while shorter >> (coarsest + 1) >= _SMALLEST and coarsest - finest < _MOST_LEVELS - 1:
        coarsest += 1
    return Plan(finest, coarsest)
