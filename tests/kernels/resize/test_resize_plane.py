"""Area and bilinear resizing of one plane, against the float64 definition and OpenCV."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streammat_kernels import resize
from streammat_kernels.errors import ShapeError
from streammat_kernels.resize import reference
from tests.kernels.pictures import framed
from tests.tolerances import CV2_AREA_CODE, CV2_FLOAT, HALF_CODE, RESIZE_F32

DTYPES = [np.uint8, np.uint16, np.float32]
SIZES = [(1, 1), (2, 3), (7, 31), (40, 9), (64, 64)]


def noise(dtype: Any, size: tuple[int, int]) -> Any:
    """A plane with padded rows; float32 is 0..1."""
    frame = framed(size, dtype)
    rng = np.random.default_rng(1)
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    frame.inside[...] = rng.random(size) * top
    return frame.inside


@pytest.mark.parametrize("how", ["area", "bilinear"])
@pytest.mark.parametrize("to_float", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_equals_the_definition(how: str, dtype: Any, to_float: bool) -> None:
    out_dtype = np.float32 if to_float else dtype
    for size in SIZES:
        plane = noise(dtype, size)
        for to_size in SIZES:
            out = framed(to_size, out_dtype)
            getattr(resize, how)(plane, out.inside)
            expected = getattr(reference, how)(plane, *to_size)
            top = 1.0 if dtype is np.float32 else float(np.iinfo(dtype).max)
            allowed = RESIZE_F32 * top + (0.0 if out_dtype == np.float32 else HALF_CODE)
            assert np.abs(out.inside - expected).max() <= allowed, (size, to_size)
            assert out.untouched()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("size", [(288, 512), (100, 333), (271, 481), (54, 96)])
def test_area_equals_opencv(dtype: Any, size: tuple[int, int]) -> None:
    cv2 = pytest.importorskip("cv2")
    plane = noise(dtype, (541, 963))
    got = resize.area(plane, np.empty(size, dtype))
    expected = cv2.resize(plane, size[::-1], interpolation=cv2.INTER_AREA)
    allowed = CV2_FLOAT if dtype is np.float32 else CV2_AREA_CODE
    assert np.abs(got.astype(np.float64) - expected).max() <= allowed


@pytest.mark.parametrize("size", [(288, 512), (77, 500), (30, 40)])
def test_bilinear_equals_opencv(size: tuple[int, int]) -> None:
    cv2 = pytest.importorskip("cv2")
    plane = noise(np.float32, (60, 90))
    got = resize.bilinear(plane, np.empty(size, np.float32))
    expected = cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR)
    assert np.abs(got - expected).max() <= CV2_FLOAT


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 50), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_shrinking_by_area_keeps_the_mean(height: int, width: int, seed: int) -> None:
    plane = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    out = np.empty((-(-height // 3), -(-width // 2)), np.float32)
    resize.area(plane, out)
    assert out.mean(dtype=np.float64) == pytest.approx(plane.mean(dtype=np.float64), abs=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_ends_of_the_scale_stay_exact(dtype: Any) -> None:
    top = np.iinfo(dtype).max
    for how in (resize.area, resize.bilinear):
        for size in ((9, 500), (900, 7), (333, 333)):
            for value in (0, top):
                assert (
                    how(np.full((100, 100), value, dtype), np.empty(size, dtype)) == value
                ).all()


def test_same_size_is_the_same_picture() -> None:
    plane = noise(np.uint16, (9, 11))
    assert (resize.area(plane, np.empty_like(plane)) == plane).all()
    assert (resize.bilinear(plane, np.empty_like(plane)) == plane).all()


def test_wrong_arrays_are_refused() -> None:
    plane = np.zeros((4, 4), np.uint8)
    with pytest.raises(ShapeError, match="use that or float32"):
        resize.area(plane, np.empty((2, 2), np.uint16))
    with pytest.raises(ShapeError, match="float64"):
        resize.bilinear(np.zeros((4, 4)), np.empty((2, 2)))
    with pytest.raises(ShapeError, match=r"both have to be \(H, W\)"):
        resize.area(np.zeros((4, 4, 3), np.uint8), np.empty((2, 2), np.uint8))
