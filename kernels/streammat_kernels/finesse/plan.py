"""The numbers behind finesse: steps of a growth, where a step looks, Gaussian weights."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["DIRECTIONS", "gaussian_weights", "growth_steps", "step_samples"]

DIRECTIONS = 16
"""Points on the circle at which a step looks: a polygon of 16 corners is a disc within 2 %."""

_TAIL = 3.0  # sigmas that the Gaussian is cut at (0.3 % of its weight lies outside)


def growth_steps(radius_px: float) -> list[float]:
    """Radii of the steps that grow by ``radius_px``: whole pixels first, the fraction last."""
    whole = math.floor(radius_px)
    fraction = radius_px - whole
    return [1.0] * whole + ([fraction] if fraction > 0 else [])


def step_samples(radius: float) -> NDArray[np.float64]:
    """(16, 3, 3) bilinear weights of the points at ``radius`` (0..1) around a pixel."""
    samples = np.zeros((DIRECTIONS, 3, 3))
    for index in range(DIRECTIONS):
        angle = 2 * math.pi * index / DIRECTIONS
        dy, dx = (round(radius * part(angle), 12) for part in (math.sin, math.cos))
        row, column = math.floor(dy), math.floor(dx)
        for y, wy in ((row, 1 - (dy - row)), (row + 1, dy - row)):
            for x, wx in ((column, 1 - (dx - column)), (column + 1, dx - column)):
                if wy * wx > 0:
                    samples[index, y + 1, x + 1] += wy * wx
    return samples


def gaussian_weights(radius_px: float) -> NDArray[np.float32]:
    """Odd number of weights that add up to 1; sigma is half the radius, cut at three sigma."""
    sigma = radius_px / 2
    reach = max(1, math.ceil(_TAIL * sigma))
    at = np.arange(-reach, reach + 1, dtype=np.float64)
    weights = np.exp(-0.5 * (at / sigma) ** 2)
    normal: NDArray[np.float32] = (weights / weights.sum()).astype(np.float32)
    return normal
