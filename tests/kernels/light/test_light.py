"""Light to code values: by hand, against the definition, and where floats are no numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Transfer
from streammat_kernels.light import encode, reference
from tests.tolerances import ENCODE_TABLE, HALF_CODE

CURVES = [Transfer.SRGB, Transfer.SDR, Transfer.LINEAR]


def coded(values: Any, dtype: Any, transfer: Transfer = Transfer.SRGB) -> np.ndarray:
    light = np.atleast_2d(np.array(values, dtype))
    return encode(light, np.full(light.shape, 999, np.uint16), transfer)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_black_white_and_what_lies_outside(dtype: Any) -> None:
    values = [0, 1, -2, 7.5, np.nan, np.inf, -np.inf, -0.0]
    assert coded(values, dtype)[0].tolist() == [0, 65535, 0, 65535, 0, 65535, 0, 0]


@pytest.mark.parametrize("transfer", CURVES)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_kernel_keeps_to_the_definition(dtype: Any, transfer: Transfer) -> None:
    rng = np.random.default_rng(1)
    light = np.concatenate([rng.uniform(-0.1, 1.1, (40, 33)), 10 ** rng.uniform(-9, 0, (9, 33))])
    light = light.astype(dtype)
    out = np.empty((49, 64), np.uint16)[:, :33]
    error = np.abs(encode(light, out, transfer) - reference.encode(light, transfer))
    assert error.max() <= HALF_CODE + (ENCODE_TABLE if dtype == np.float32 else 0)


def test_other_arrays_are_refused() -> None:
    out = np.empty((2, 2), np.uint16)
    with pytest.raises(ShapeError, match="float16 or float32"):
        encode(np.zeros((2, 2)), out)
    with pytest.raises(ShapeError, match="uint16"):
        encode(np.zeros((2, 3), np.float32), out)
