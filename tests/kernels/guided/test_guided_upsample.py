"""Guided upsampling: the definition, exact ends, limits, gain over bilinear on known alpha."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from streammat_kernels.bands import Bands
from streammat_kernels.errors import ShapeError
from streammat_kernels.guided import Workspace, guided_upsample, reference
from streammat_kernels.guided.model import area_matrix, bilinear_matrix
from streammat_kernels.layout import Family, PixelLayout
from tests.tolerances import GUIDED_CODES, GUIDED_GAIN, GUIDED_MEAN_CODES

GRAY = PixelLayout(Family.GRAY, 1, 1, 8)


def shrunk(plane: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float32]:
    height, width = plane.shape
    small = area_matrix(rows, height) @ plane @ area_matrix(columns, width).T
    return np.asarray(np.clip(small, 0, 1), np.float32)


def scene(
    height: int, width: int, edge_px: float = 3.0
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """A bright, textured blob over a darker texture, with its true alpha."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    angle = np.arctan2(y - height / 2, x - width / 2)
    distance = np.hypot(y - height / 2, x - width / 2)
    radius = min(height, width) * (0.3 + 0.05 * np.sin(9 * angle))
    alpha = np.clip((radius - distance) / edge_px + 0.5, 0, 1)
    foreground = 190 + 15 * np.sin(x / 3)
    background = 60 + 15 * np.sin(y / 4 + x / 7)
    luma = alpha * foreground + (1 - alpha) * background
    return alpha, (luma + 0.5).astype(np.uint8)


@pytest.mark.parametrize(
    ("small", "large"),
    [
        ((36, 64), (135, 240)),
        ((37, 50), (101, 149)),
        ((20, 30), (20, 30)),
        ((20, 30), (31, 34)),
        ((24, 24), (12, 60)),
        ((24, 24), (9, 7)),
        ((1, 1), (5, 4)),
        ((1, 8), (2, 40)),
        ((3, 2), (1, 1)),
    ],
)
def test_equals_the_definition(small: tuple[int, int], large: tuple[int, int]) -> None:
    alpha, luma = scene(*large)
    rng = np.random.default_rng(1)
    for matte in (
        np.clip(rng.normal(0.5, 0.8, small), 0, 1).astype(np.float32),
        np.asarray(bilinear_matrix(large[0], small[0]) @ alpha, np.float32)
        @ np.asarray(bilinear_matrix(large[1], small[1]).T, np.float32),
    ):
        got = guided_upsample(np.clip(matte, 0, 1), (luma,), GRAY)
        expected = reference.guided_upsample(np.clip(matte, 0, 1), luma / 255.0)
        assert np.abs(got - expected).max() <= GUIDED_CODES


@pytest.mark.parametrize(
    "layout",
    [
        PixelLayout(Family.PLANAR, 2, 2, 10),
        PixelLayout(Family.SEMIPLANAR, 2, 2, 10, shift=6),
        PixelLayout(Family.RGB, 1, 1, 16),
    ],
)
def test_reads_luma_or_green_of_any_layout(layout: PixelLayout) -> None:
    alpha, luma = scene(54, 96)
    code = (luma / 255.0 * ((1 << layout.bits) - 1)).astype(np.uint16) << layout.shift
    wrong = np.zeros_like(code)
    chroma = np.zeros(layout.chroma_size(54, 96), np.uint16)
    planes = {
        Family.PLANAR: (code, chroma, chroma),
        Family.SEMIPLANAR: (code, np.zeros((*chroma.shape, 2), np.uint16)),
        Family.RGB: (wrong, code, wrong),
    }[layout.family]
    small = shrunk(alpha, 18, 32)
    guide = code / (((1 << layout.bits) - 1) << layout.shift)
    expected = reference.guided_upsample(small, guide)
    assert np.abs(guided_upsample(small, planes, layout) - expected).max() <= GUIDED_CODES


def test_area_average_of_the_result_is_the_small_alpha() -> None:
    y, x = np.mgrid[:60, :80]
    alpha = 1 / (1 + np.exp(-(x + y - 70) / 20))  # no extremum, which the limits would cut off
    small = shrunk(alpha, 15, 20)
    luma = np.full((60, 80), 128, np.uint8)
    result = guided_upsample(small, (luma,), GRAY).astype(np.float64)
    back = area_matrix(15, 60) @ result @ area_matrix(20, 80).T
    assert np.abs(back - small * 65535.0)[2:-2, 2:-2].max() <= GUIDED_MEAN_CODES


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 1000))
def test_solid_neighbourhoods_are_exact_and_the_rest_stays_within_its_cells(seed: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.random((4, 5))
    up = bilinear_matrix(4, 16) @ coarse @ bilinear_matrix(5, 20).T
    small = np.clip((up - 0.5) * 4 + 0.5, 0, 1).astype(np.float32)
    luma = rng.integers(0, 256, (64, 80), np.uint8)
    result = guided_upsample(small, (luma,), GRAY)
    around = np.pad(small, 2, mode="edge").astype(np.float64)
    for y in range(0, 64, 2):
        for x in range(0, 80, 3):
            row, column = int(np.floor((y + 0.5) / 4 - 0.5)), int(np.floor((x + 0.5) / 4 - 0.5))
            inner = around[row + 2 : row + 4, column + 2 : column + 4]
            outer = around[row + 1 : row + 5, column + 1 : column + 5]
            if (inner == 0).all():
                assert result[y, x] == 0
            elif (inner == 1).all():
                assert result[y, x] == 65535
            else:
                slack = 65535 * 0.5 / 255 + 1
                assert outer.min() * 65535 - slack <= result[y, x] <= outer.max() * 65535 + slack


@pytest.mark.parametrize("value", [0.0, 0.0015, 0.9985, 1.0])
def test_almost_solid_alpha_becomes_solid(value: float) -> None:
    luma = np.random.default_rng(0).integers(0, 256, (40, 50), np.uint8)
    result = guided_upsample(np.full((10, 12), value, np.float32), (luma,), GRAY)
    assert (result == round(value) * 65535).all()


def test_stale_workspaces_bands_content_and_padded_rows_change_nothing() -> None:
    alpha, luma = scene(108, 192)
    small = shrunk(alpha, 30, 52)
    expected = guided_upsample(small, (luma,), GRAY)
    boxed = np.full((32, 64), 0.3, np.float32)
    boxed[:30, :52] = small
    wide = np.zeros((108, 256), np.uint8)
    wide[:, :192] = luma
    workspace = Workspace(30, 52, 108, 192)
    noise = np.random.default_rng(0).random((30, 52)).astype(np.float32)
    guided_upsample(noise, (luma,), GRAY, workspace=workspace)
    out = np.zeros((108, 200), np.uint16)
    with ThreadPoolExecutor(2) as pool:
        got = guided_upsample(
            boxed,
            (wide[:, :192],),
            GRAY,
            out[:, :192],
            content=(30, 52),
            workspace=workspace,
            bands=Bands(pool, 5),
        )
    np.testing.assert_array_equal(got, expected)
    assert (out[:, 192:] == 0).all()


def band_errors(
    alpha: NDArray[np.float64], luma: NDArray[np.uint8], small: NDArray[np.float32]
) -> tuple[float, float]:
    """Mean absolute errors in the band, of bilinear and of guided upsampling."""
    rows, columns = small.shape
    height, width = alpha.shape
    up = bilinear_matrix(rows, height) @ small @ bilinear_matrix(columns, width).T
    guided = guided_upsample(small, (luma,), GRAY) / 65535.0
    band = (alpha > 0.02) & (alpha < 0.98)
    for _ in range(3):  # the band and three pixels around it
        band[1:] |= band[:-1].copy()
        band[:-1] |= band[1:].copy()
        band[:, 1:] |= band[:, :-1].copy()
        band[:, :-1] |= band[:, 1:].copy()
    return float(np.abs(up - alpha)[band].mean()), float(np.abs(guided - alpha)[band].mean())


def test_beats_bilinear_in_the_band() -> None:
    alpha, luma = scene(270, 480, edge_px=2.0)
    bilinear, guided = band_errors(alpha, luma, shrunk(alpha, 72, 128))
    assert guided <= (1 - GUIDED_GAIN) * bilinear


@pytest.mark.data
@pytest.mark.parametrize("name", ["gfm_am2k_demo/sample4", "p3m_demo/p_09ba26b4"])
def test_beats_bilinear_in_the_band_of_photographs(shared_data: Path, name: str) -> None:
    from PIL import Image

    alpha = np.asarray(Image.open(shared_data / "alphas" / f"{name}.png").convert("L")) / 255.0
    luma = np.asarray(Image.open(shared_data / "images" / f"{name}.jpg").convert("L"))
    scale = np.sqrt(512 * 288 / alpha.size)
    rows, columns = (round(size * scale) for size in alpha.shape)
    bilinear, guided = band_errors(alpha, luma, shrunk(alpha, rows, columns))
    assert guided <= (1 - GUIDED_GAIN) * bilinear


def test_refuses_what_does_not_belong_together() -> None:
    alpha, luma = scene(40, 60)
    small = shrunk(alpha, 10, 15)
    with pytest.raises(ShapeError, match="float32"):
        guided_upsample(small.astype(np.float64), (luma,), GRAY)
    with pytest.raises(ShapeError, match="content"):
        guided_upsample(small, (luma,), GRAY, content=(11, 15))
    with pytest.raises(ShapeError, match="uint16"):
        guided_upsample(small, (luma,), GRAY, np.empty((2, 2), np.uint16))
