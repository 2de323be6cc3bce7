"""Pyramid scene pooling in matrix form, so that one graph serves every input size.

Adaptive average pooling and align-corners bilinear upsampling are linear and separable. Both are
written as products with matrices that depend on the map's size only; the matrices are inputs of
the network, rows (or columns) for the bins 1, 3 and 5 stacked to 9.
"""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

BINS = (1, 3, 5)
ROWS = sum(BINS)
OFFSETS = (0, 1, 4, 9)


class PspMatrices(NamedTuple):
    """The four size-dependent matrices, float32, for a map of h x w (input size / 32)."""

    pool_h: Tensor  # (9, h)
    pool_w: Tensor  # (w, 9)
    up_h: Tensor  # (h, 9)
    up_w: Tensor  # (9, w)


def pooling_matrix(size: int) -> npt.NDArray[np.float32]:
    """Adaptive average pooling of `size` cells to 1, 3 and 5 bins: (9, size), rows sum to 1."""
    rows = np.zeros((ROWS, size), np.float64)
    for bins, offset in zip(BINS, OFFSETS, strict=False):
        for i in range(bins):
            start, stop = i * size // bins, -(-(i + 1) * size // bins)
            rows[offset + i, start:stop] = 1.0 / (stop - start)
    return rows.astype(np.float32)


def upsampling_matrix(size: int) -> npt.NDArray[np.float32]:
    """Align-corners linear interpolation of 1, 3 and 5 bins to `size` cells: (size, 9)."""
    columns = np.zeros((size, ROWS), np.float64)
    for bins, offset in zip(BINS, OFFSETS, strict=False):
        step = (bins - 1) / (size - 1) if size > 1 else 0.0
        for i in range(size):
            low = min(int(i * step), bins - 1)
            fraction = i * step - low
            columns[i, offset + low] += 1.0 - fraction
            columns[i, offset + min(low + 1, bins - 1)] += fraction
    return columns.astype(np.float32)


def psp_matrices(h: int, w: int) -> PspMatrices:
    """The matrices for a feature map of h x w cells (h = H / 32, w = W / 32)."""
    return PspMatrices(
        torch.from_numpy(pooling_matrix(h)),
        torch.from_numpy(np.ascontiguousarray(pooling_matrix(w).T)),
        torch.from_numpy(upsampling_matrix(h)),
        torch.from_numpy(np.ascontiguousarray(upsampling_matrix(w).T)),
    )


def matrices_for(height_px: int, width_px: int) -> PspMatrices:
    """The matrices for an image of height_px x width_px; both must be multiples of 32."""
    if height_px % 32 or width_px % 32 or min(height_px, width_px) < 32:
        raise ValueError(f"image size must be multiples of 32, got {width_px}x{height_px}")
    return psp_matrices(height_px // 32, width_px // 32)


def matrices_like(rgb: Tensor) -> PspMatrices:
    """The pooling matrices for a batch, on its device; see `matrices_for`."""
    if rgb.ndim != 4 or rgb.shape[1] != 3:
        raise ValueError(f"rgb must be (B, 3, H, W), got {tuple(rgb.shape)}")
    matrices = matrices_for(rgb.shape[-2], rgb.shape[-1])
    return PspMatrices(*(matrix.to(rgb) for matrix in matrices))


class MatrixPsp(nn.Module):
    """Pool to 1, 3 and 5 bins, 1x1 convolution per bin, upsample, concatenate, 1x1 convolution.

    (B, in_channels, h, w) -> (B, out_channels, h, w). As in GFM the bin convolutions have no bias;
    they reduce to `bin_channels` here, where GFM keeps the width.
    """

    def __init__(self, in_channels: int, bin_channels: int, out_channels: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Conv2d(in_channels, bin_channels, 1, bias=False) for _ in BINS
        )
        self.bottleneck = nn.Conv2d(in_channels + len(BINS) * bin_channels, out_channels, 1)

    def forward(self, x: Tensor, matrices: PspMatrices) -> Tensor:
        """x: (B, C, h, w); returns (B, out_channels, h, w), not negative."""
        pooled = matrices.pool_h @ x @ matrices.pool_w  # (B, C, 9, 9)
        maps = []
        for stage, (a, b) in zip(self.stages, pairwise(OFFSETS), strict=True):
            cells = stage(pooled[:, :, a:b, a:b])  # (B, bin_channels, bins, bins)
            maps.append(matrices.up_h[:, a:b] @ cells @ matrices.up_w[a:b, :])
        return torch.relu(self.bottleneck(torch.cat([*maps, x], dim=1)))
