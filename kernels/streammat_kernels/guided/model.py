"""The constants of guided upsampling and the small matrices of its geometry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "ALPHA_NOISE",
    "LUMA_NOISE",
    "SHARPENING_STEPS",
    "SOLID",
    "area_matrix",
    "bilinear_matrix",
    "blur_diagonals",
]

SOLID = 0.5 / 255
"""Small alpha within half an 8-bit step of 0 or 1 is taken as exactly that."""

LUMA_NOISE = 1e-3
"""Variance of luma (0..1) below which it explains nothing: He & Sun's epsilon, sigma 8 / 255."""

ALPHA_NOISE = 1e-2
"""Variance of alpha below which its agreement with luma is not trusted."""

SHARPENING_STEPS = 2
"""Richardson steps that make the area average of the result the small alpha again."""


def area_matrix(small: int, large: int) -> NDArray[np.float64]:
    """(small, large): row i averages the samples that cell i covers, fractions weighted."""
    edges = np.arange(small + 1) * (large / small)
    left = np.maximum(edges[:-1, None], np.arange(large)[None, :])
    right = np.minimum(edges[1:, None], np.arange(1, large + 1)[None, :])
    weights: NDArray[np.float64] = np.maximum(right - left, 0.0) * (small / large)
    return weights


def bilinear_matrix(small: int, large: int) -> NDArray[np.float64]:
    """(large, small): linear interpolation between cell centres, borders replicated."""
    at = np.clip((np.arange(large) + 0.5) * (small / large) - 0.5, 0, small - 1)
    first = np.minimum(at.astype(np.int64), max(small - 2, 0))
    matrix = np.zeros((large, small))
    np.add.at(matrix, (np.arange(large), first), 1.0 - (at - first))
    np.add.at(matrix, (np.arange(large), np.minimum(first + 1, small - 1)), at - first)
    return matrix


def blur_diagonals(small: int, large: int) -> NDArray[np.float64]:
    """(3, small): weights of the cell before, the cell and the cell after in area(bilinear(.)).

    For large factors they tend to 1/8, 3/4, 1/8. The weight of a cell beyond the border is 0.
    """
    blur = area_matrix(small, large) @ bilinear_matrix(small, large)
    rows = np.zeros((3, small))
    rows[0, 1:] = np.diagonal(blur, -1)
    rows[1] = np.diagonal(blur)
    rows[2, :-1] = np.diagonal(blur, 1)
    return rows
