"""The definition of closed-form refinement, in NumPy, dense and in float64; for small pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .model import SURE, WINDOW, Settings, steps_of

__all__ = ["closed_form", "laplacian", "unknown_samples"]

Array = NDArray[np.float64]


def closed_form(alpha: NDArray[Any], rgb: NDArray[Any], settings: Settings) -> Array:
    """(h, w) alpha 0..1 from (h, w) alpha and (3, h, w) R'G'B' 0..255; see the op."""
    given = alpha.astype(np.float64)
    unknown = unknown_samples(given)
    goal = np.where(unknown, given, given.round()).ravel()
    matrix = laplacian(rgb.astype(np.float64) / 255, settings.noise)
    free = unknown.ravel()
    now = before = goal
    for keep, rate in steps_of(settings):
        residual = settings.trust * (goal - now) - matrix @ now
        now, before = np.where(free, now + keep * (now - before) + rate * residual, goal), now
    return np.where(unknown, now.reshape(given.shape).clip(0, 1), given)


def unknown_samples(alpha: Array) -> NDArray[np.bool_]:
    """Samples that are neither 0 nor 1, and their eight neighbours."""
    rows, columns = alpha.shape
    around = np.pad((alpha > SURE) & (alpha < 1 - SURE), 1)
    shifted = [around[y : y + rows, x : x + columns] for y in range(3) for x in range(3)]
    return np.asarray(np.any(shifted, axis=0))


def laplacian(rgb: Array, noise: float) -> Array:
    """The matting Laplacian (h * w, h * w) of (3, h, w) colours 0..1: Levin et al., equation 12."""
    _, rows, columns = rgb.shape
    matrix = np.zeros((rows * columns, rows * columns))
    numbers = np.arange(rows * columns).reshape(rows, columns)
    for y in range(rows - 2):
        for x in range(columns - 2):
            colours = rgb[:, y : y + 3, x : x + 3].reshape(3, WINDOW)
            off = colours - colours.mean(axis=1, keepdims=True)
            covariance = off @ off.T / WINDOW + noise * np.eye(3)
            explained = (1 + off.T @ np.linalg.solve(covariance, off)) / WINDOW
            inside = numbers[y : y + 3, x : x + 3].ravel()
            matrix[np.ix_(inside, inside)] += np.eye(WINDOW) - explained
    return matrix
