"""The size-dependent constants of pyramid scene pooling, in NumPy.

A GFM graph pools its coarsest map of ``h`` x ``w`` cells (input size / 32) to bins of 1, 3 and 5
cells a side and stretches each result back. Both steps are linear and separable, hence products
with four small matrices that depend on the size alone; the graph takes them as inputs, and an
engine bakes them in as constants for the one size that it serves.

Sources: pyramid scene parsing, Zhao et al., CVPR 2017; the bins are those of PyTorch's
``AdaptiveAvgPool2d``, the stretching is bilinear with ``align_corners=True``, as GFM (Li et al.,
IJCV 2021) uses them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["BINS", "STRIDE_PX", "pooling_matrix", "psp_matrices", "stretching_matrix"]

BINS = (1, 3, 5)
STRIDE_PX = 32  # input pixels a cell of the coarsest map, in either direction


def pooling_matrix(cells: int) -> NDArray[np.float32]:
    """Adaptive average pooling of ``cells`` values to 1, 3, 5 bins: (9, cells), rows sum to 1."""
    rows = []
    for bins in BINS:
        for index in range(bins):
            first, end = index * cells // bins, -(-(index + 1) * cells // bins)
            row = np.zeros(cells)
            row[first:end] = 1.0 / (end - first)
            rows.append(row)
    return np.stack(rows).astype(np.float32)


def stretching_matrix(cells: int) -> NDArray[np.float32]:
    """Align-corners linear interpolation of 1, 3 and 5 bins to ``cells`` values: (cells, 9).

    Each block of columns (1, 3 and 5 wide) has rows that sum to 1.
    """
    position = np.linspace(0.0, 1.0, cells) if cells > 1 else np.zeros(1)
    blocks = [
        np.maximum(0.0, 1.0 - np.abs(position[:, None] * (bins - 1) - np.arange(bins)))
        for bins in BINS
    ]
    return np.concatenate(blocks, axis=1).astype(np.float32)


def psp_matrices(height_px: int, width_px: int) -> dict[str, NDArray[np.float32]]:
    """The graph's four constants for an input of ``height_px`` x ``width_px``.

    Returns:
        ``pool_h`` (9, h), ``pool_w`` (w, 9), ``up_h`` (h, 9), ``up_w`` (9, w), float32,
        C-contiguous, with h = height_px / 32 and w = width_px / 32.
    """
    h, w = height_px // STRIDE_PX, width_px // STRIDE_PX
    return {
        "pool_h": pooling_matrix(h),
        "pool_w": np.ascontiguousarray(pooling_matrix(w).T),
        "up_h": stretching_matrix(h),
        "up_w": np.ascontiguousarray(stretching_matrix(w).T),
    }
