"""Look-up tables: the definition by hand, the compiled kernel against the definition."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from streammat_kernels import lut
from streammat_kernels.bands import Bands
from streammat_kernels.errors import ShapeError
from streammat_kernels.lut import Lut, reference
from tests.tolerances import LUT_F32


def random_rgb(height: int, width: int, peak: float = 300.0) -> NDArray[np.float32]:
    """R'G'B' that leaves 0..255 on both sides."""
    rng = np.random.default_rng(height * 1000 + width)
    return rng.uniform(-20.0, peak, (3, height, width)).astype(np.float32)


def identity(size: int, dimensions: int) -> NDArray[np.float32]:
    steps = np.linspace(0.0, 255.0, size, dtype=np.float32)
    if dimensions == 1:
        return np.stack([steps] * 3, axis=1)
    return np.ascontiguousarray(np.stack(np.meshgrid(*[steps] * 3, indexing="ij"), axis=-1))


def noise(size: int, dimensions: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(size)
    return rng.uniform(0, 255, ((size,) * dimensions + (3,))).astype(np.float32)


def test_middle_of_a_cube_is_the_mean_of_its_corners() -> None:
    table = noise(2, 3)
    rgb = np.full((3, 1, 1), 127.5, np.float32)
    assert reference.apply(rgb, Lut(table))[:, 0, 0] == pytest.approx(table.mean(axis=(0, 1, 2)))


def test_channels_index_the_table_in_the_order_red_green_blue() -> None:
    table = np.zeros((2, 2, 2, 3), np.float32)
    table[1, 0, 0] = 10, 20, 30
    pure_red = np.array([255.0, 0, 0], np.float32).reshape(3, 1, 1)
    assert lut.apply(pure_red.copy(), Lut(table)).ravel().tolist() == [10, 20, 30]


@pytest.mark.parametrize("dimensions", [1, 3])
def test_identity_leaves_what_lies_within_and_clips_what_does_not(dimensions: int) -> None:
    rgb = random_rgb(5, 7)
    done = lut.apply(rgb.copy(), Lut(identity(17, dimensions)))
    assert np.abs(done - np.clip(rgb, 0, 255)).max() <= LUT_F32


@pytest.mark.parametrize("size", [(1, 1), (3, 1), (1, 5), (33, 47)])
@pytest.mark.parametrize("dimensions", [1, 3])
@pytest.mark.parametrize("log", [False, True])
def test_kernel_keeps_to_the_definition(size: tuple[int, int], dimensions: int, log: bool) -> None:
    table = Lut(noise(9, dimensions), (0.0, 0.0, 0.0), (1.0, 2.0, 4.0), log)
    rgb = random_rgb(*size, peak=900.0)
    wanted = reference.apply(rgb, table)
    assert np.abs(lut.apply(rgb, table) - wanted).max() <= LUT_F32


def test_bands_and_padded_rows_change_no_bit() -> None:
    table = Lut(noise(5, 3))
    rgb = random_rgb(40, 30)
    wide = np.full((3, 40, 64), np.nan, np.float32)
    wide[:, :, :30] = rgb
    with ThreadPoolExecutor(2) as pool:
        banded = lut.apply(wide[:, :, :30], table, bands=Bands(pool, 2))
    assert (banded == lut.apply(rgb, table)).all()
    assert np.isnan(wide[:, :, 30:]).all()


def test_tables_that_are_none_are_refused() -> None:
    good = identity(2, 3)
    with pytest.raises(ShapeError, match="N, 3"):
        Lut(good[:, :, :1])
    with pytest.raises(ShapeError, match="float32"):
        Lut(good.astype(np.float64))
    with pytest.raises(ShapeError, match="span"):
        Lut(good, high=(1.0, 0.0, 1.0))
    with pytest.raises(ShapeError, match="begins at 0"):
        Lut(good, low=(-1.0, 0.0, 0.0), log=True)
    with pytest.raises(ShapeError, match="float32"):
        lut.apply(np.zeros((3, 2, 2)), Lut(good))  # type: ignore[arg-type]
