from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from torch import Tensor  # noqa: E402

from streammat.models.psp import BINS, MatrixPsp, matrices_for, psp_matrices  # noqa: E402
from tests.tolerances import PSP_MATRIX  # noqa: E402

# Sums of 320 products of order 1 in another order than torch's own pooling and interpolation.
MODULE_F32 = 1e-5

SIZES = [(9, 16), (16, 9), (10, 10), (3, 2), (1, 1), (18, 32)]


def reference(psp: MatrixPsp, x: Tensor) -> Tensor:
    """The same module with adaptive pooling and align-corners interpolation."""
    maps = []
    for stage, bins in zip(psp.stages, BINS, strict=True):
        cells = stage(torch.nn.functional.adaptive_avg_pool2d(x, bins))
        maps.append(
            torch.nn.functional.interpolate(
                cells, x.shape[-2:], mode="bilinear", align_corners=True
            )
        )
    out: Tensor = torch.relu(psp.bottleneck(torch.cat([*maps, x], 1)))
    return out


@pytest.mark.parametrize("size", SIZES)
def test_matrices_equal_pooling_and_interpolation(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    psp = MatrixPsp(320, 8, 16)
    x = torch.randn(2, 320, *size)
    with torch.no_grad():
        got, expected = psp(x, psp_matrices(*size)), reference(psp, x)
    torch.testing.assert_close(got, expected, atol=MODULE_F32, rtol=0)


@pytest.mark.parametrize("size", SIZES)
def test_pooling_rows_and_upsampling_rows_sum_to_one(size: tuple[int, int]) -> None:
    pool_h, pool_w, up_h, up_w = psp_matrices(*size)
    assert pool_h.shape == (9, size[0])
    assert pool_w.shape == (size[1], 9)
    assert up_h.shape == (size[0], 9)
    assert up_w.shape == (9, size[1])
    ones = torch.ones(9)
    torch.testing.assert_close(pool_h.sum(1), ones, atol=PSP_MATRIX * 4, rtol=0)
    torch.testing.assert_close(pool_w.sum(0), ones, atol=PSP_MATRIX * 4, rtol=0)
    torch.testing.assert_close(up_h.sum(1), torch.full((size[0],), 3.0))
    torch.testing.assert_close(up_w.sum(0), torch.full((size[1],), 3.0))


def test_the_engine_makes_the_same_matrices() -> None:
    engine_psp = pytest.importorskip("streammat_engines.psp")
    theirs = engine_psp.psp_matrices(288, 512)
    for name, ours in matrices_for(288, 512)._asdict().items():
        torch.testing.assert_close(ours, torch.from_numpy(theirs[name]), atol=PSP_MATRIX, rtol=0)


@pytest.mark.parametrize("size", [(290, 512), (0, 32), (288, 500)])
def test_sizes_that_are_no_multiples_of_32_are_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        matrices_for(*size)
