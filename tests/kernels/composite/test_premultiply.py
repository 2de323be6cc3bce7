"""Premultiplied colours: linear light, never above alpha."""

from __future__ import annotations

import numpy as np
import pytest

from streammat_kernels.composite import premultiply, reference
from streammat_kernels.errors import ShapeError
from streammat_kernels.layout import Transfer
from tests.tolerances import ENCODE_TABLE, HALF_CODE


@pytest.mark.parametrize("transfer", list(Transfer))
def test_equals_the_definition_and_stays_below_alpha(transfer: Transfer) -> None:
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 65536, (3, 40, 50)).astype(np.uint16)
    alpha = rng.integers(0, 65536, (40, 50)).astype(np.uint16)
    alpha[:4], alpha[4:8] = 0, 65535
    out = premultiply(rgb, alpha, transfer=transfer)
    expected = reference.premultiply(rgb, alpha, transfer)
    assert np.abs(out - expected).max() <= HALF_CODE + ENCODE_TABLE
    assert (out <= alpha).all()
    assert not out[:, :4].any()
    assert np.array_equal(out[:, 4:8], rgb[:, 4:8])


def test_linear_colours_are_simply_multiplied() -> None:
    rgb = np.full((3, 1, 1), 40000, np.uint16)
    out = premultiply(rgb, np.full((1, 1), 16384, np.uint16), transfer=Transfer.LINEAR)
    assert out[0, 0, 0] == round(40000 * 16384 / 65535)


def test_works_in_place_and_refuses_other_types() -> None:
    rgb = np.full((3, 2, 2), 30000, np.uint16)
    alpha = np.full((2, 2), 20000, np.uint16)
    expected = premultiply(rgb, alpha)
    assert premultiply(rgb, alpha, rgb) is rgb
    assert np.array_equal(rgb, expected)
    with pytest.raises(ShapeError, match="alpha is uint8"):
        premultiply(rgb, alpha.astype(np.uint8))
