from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from streammat_engines.psp import BINS, pooling_matrix, psp_matrices, stretching_matrix
from tests.tolerances import PSP_MATRIX

OFFSETS = (0, 1, 4, 9)


def test_shapes_follow_the_input_size() -> None:
    matrices = psp_matrices(288, 512)
    shapes = {name: matrix.shape for name, matrix in matrices.items()}
    assert shapes == {"pool_h": (9, 9), "pool_w": (16, 9), "up_h": (9, 9), "up_w": (9, 16)}
    assert all(m.dtype == np.float32 and m.flags.c_contiguous for m in matrices.values())


def test_a_map_as_large_as_the_bins_is_copied() -> None:
    np.testing.assert_array_equal(pooling_matrix(3)[1:4], np.eye(3))
    np.testing.assert_array_equal(stretching_matrix(5)[:, 4:], np.eye(5))


def test_four_cells_in_three_bins_overlap() -> None:
    half = 0.5
    expected = [[half, half, 0, 0], [0, half, half, 0], [0, 0, half, half]]
    np.testing.assert_array_equal(pooling_matrix(4)[1:4], expected)


@pytest.mark.parametrize("cells", [1, 2, 3, 7, 9, 16, 31])
def test_every_row_is_a_mean(cells: int) -> None:
    np.testing.assert_allclose(pooling_matrix(cells).sum(axis=1, dtype=float), 1, atol=PSP_MATRIX)
    stretched = stretching_matrix(cells)
    for first, end in pairwise(OFFSETS):
        np.testing.assert_allclose(
            stretched[:, first:end].sum(axis=1, dtype=float), 1, atol=PSP_MATRIX
        )


@pytest.mark.parametrize("cells", [1, 2, 5, 9, 16, 23])
def test_the_matrices_equal_pytorch(cells: int) -> None:
    torch = pytest.importorskip("torch")
    values = torch.from_numpy(np.random.default_rng(cells).random((1, 1, cells, cells)))
    pool, stretch = pooling_matrix(cells).astype(float), stretching_matrix(cells).astype(float)
    for bins, first, end in zip(BINS, OFFSETS[:-1], OFFSETS[1:], strict=True):
        pooled = torch.nn.functional.adaptive_avg_pool2d(values, bins)
        ours = pool[first:end] @ values[0, 0].numpy() @ pool[first:end].T
        np.testing.assert_allclose(ours, pooled[0, 0].numpy(), atol=PSP_MATRIX)
        wide = torch.nn.functional.interpolate(
            pooled, (cells, cells), mode="bilinear", align_corners=True
        )
        ours = stretch[:, first:end] @ ours @ stretch[:, first:end].T
        np.testing.assert_allclose(ours, wide[0, 0].numpy(), atol=PSP_MATRIX)
