"""Codes to half floats: nearest, exact where alpha is 0 or 1, never above it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from streammat_kernels import light
from streammat_kernels.errors import ShapeError
from streammat_kernels.light import reference
from tests.tolerances import HALF_CODE, HALF_PRODUCT


@given(
    codes=arrays(np.uint16, (3, 5)),
    alpha=arrays(np.uint16, (3, 5)) | st.none(),
    scale=st.sampled_from([1.0, 3.7, 49.26]),
)
@settings(max_examples=80, deadline=None)
def test_halves_are_the_nearest_to_the_definition(
    codes: NDArray[np.uint16], alpha: NDArray[np.uint16] | None, scale: float
) -> None:
    table = (np.arange(65536, dtype=np.float64) / 65535) ** 2.4 * scale
    light_of = table.astype(np.float32)
    out = np.full(codes.shape, 99.0, np.float16)
    assert light.to_half(codes, light_of, out, alpha) is out
    exact = reference.to_half(codes, light_of, alpha)
    off = np.abs(out.astype(np.float64) - exact)
    assert (off <= np.spacing(out).astype(np.float64) * (HALF_CODE + HALF_PRODUCT)).all()
    if alpha is not None:
        assert not out[alpha == 0].any()
        same = light_of.astype(np.float16)[codes]
        np.testing.assert_array_equal(out[alpha == 65535], same[alpha == 65535])
        if scale == 1.0:
            assert (out <= (alpha / np.float32(65535)).astype(np.float16)).all()


def test_every_half_is_rounded_as_numpy_does() -> None:
    rng = np.random.default_rng(0)
    exponents = rng.uniform(-26, 15.9, 65536)
    values = np.exp2(exponents).astype(np.float32)
    values[:4] = 0.0, 65504.0, 2.0**-24, 2.0**-14
    codes = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    half = np.full((256, 256), 65534, np.uint16)  # times nearly 1: through the arithmetic
    out = np.empty((256, 256), np.float16)
    light.to_half(codes, values, out, half)
    unit = np.float32(1.0) / np.float32(65535.0)
    wanted = (values * (np.float32(65534) * unit)).astype(np.float16)
    np.testing.assert_array_equal(out.ravel(), wanted)


def test_halves_of_padded_rows_and_one_pixel() -> None:
    table = np.linspace(0, 1, 65536, dtype=np.float32)
    wide = np.arange(40, dtype=np.uint16).reshape(4, 10) * 1000
    out = np.zeros((4, 7), np.float16)
    light.to_half(wide[:, :7], table, out)
    np.testing.assert_array_equal(out, table.astype(np.float16)[wide[:, :7]])
    one = np.zeros((1, 1), np.float16)
    light.to_half(np.full((1, 1), 65535, np.uint16), table, one)
    assert one[0, 0] == 1.0


@pytest.mark.parametrize("bad", ["codes", "light", "out", "alpha"])
def test_halves_of_arrays_that_do_not_fit_are_refused(bad: str) -> None:
    fine: dict[str, Any] = {
        "codes": np.zeros((2, 3), np.uint16),
        "light": np.zeros(65536, np.float32),
        "out": np.zeros((2, 3), np.float16),
        "alpha": np.zeros((2, 3), np.uint16),
    }
    fine[bad] = np.zeros((5, 3), np.uint8)
    with pytest.raises(ShapeError, match=bad):
        light.to_half(**fine)
